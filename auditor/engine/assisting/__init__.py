"""What an assistant may ask: the deterministic parts as small answers, and patches judged by the gates."""
