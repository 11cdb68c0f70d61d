"""One change at a time: trees, patches, gates, verdicts, known-good, constraints."""
