"""Prompts as files: read strictly, filled strictly, locked by hash, and safe around what is not ours."""
