"""The six stages: each turns what is known into the next thing a person can decide on."""
