"""The command line: one command a file, standard output for data, standard error for narration."""
