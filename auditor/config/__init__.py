"""Settings: the user's (trusted) and the target's (untrusted), which never mix."""
