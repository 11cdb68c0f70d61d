"""Reading a target tree: which files there are, what each is for, and their text.

Nothing of the target's is run and nothing of it decides how git runs, see
`docs/decisions/0002-reading-untrusted-trees.md`. The door is `auditor.repo.snapshot.open_snapshot`.
"""
