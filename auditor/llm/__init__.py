"""Models of language: one protocol, whichever service answers; budget, redaction, transcript."""
