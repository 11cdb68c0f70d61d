"""What of `fastapi` renders templates. The rest keeps the names it has there."""
