"""The sandbox from outside: jail, copies, database, companions, boot (docs/decisions/0005)."""
