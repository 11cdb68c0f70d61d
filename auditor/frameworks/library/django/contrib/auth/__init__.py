"""Re-exports nothing: sign-in and sign-out are modelled by knowledge, not here."""
