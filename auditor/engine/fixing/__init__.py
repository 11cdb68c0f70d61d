"""`auditor fix`: the plan's changes, one at a time, each proved."""
