"""What a tree tells about how it is run, by reading alone: nothing of the target is ever executed.

A *source* (`procfile`, `dockerfile`, `compose`, …) gives the commands that somebody wrote down, each with its place; a
*judgement* (`serving`, `migrating`, `seeding`, …) tells which of them is wanted. `proposal` lists all passes.
"""
