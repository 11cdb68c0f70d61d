"""SQL as text: fingerprints, what a statement reads, what a schema has, which index to propose."""
