"""What known-good answers and does, and whether something else still does: field by field, noise set apart."""
