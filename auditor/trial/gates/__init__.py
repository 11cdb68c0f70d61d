"""What a change must get through to be kept, cheapest first: one gate a file."""
