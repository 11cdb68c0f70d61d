"""Requests at the edges of what a code path distinguishes: absent, empty, 0, huge, repeated, and every literal it compares with."""
