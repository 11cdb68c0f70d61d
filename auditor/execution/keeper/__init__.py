"""The small process between auditor and whatever runs in a jail: one for each run, ended with it.

It applies limits, keeps the deadline, and ends the whole tree when the command ends, when it is told to, or when
auditor is gone, however that came about. It starts as ``python -I -S`` and must be quick (about 15 ms), so its
modules import nothing but each other and C modules of the standard library.
"""
