"""A relay before PostgreSQL that counts what passes: the truth that the probe is checked against."""
