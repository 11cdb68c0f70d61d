"""What the target stores its data in: a private copy for each world, and a way back to its template."""
