"""Takes secrets out of what is sent, and puts them back into what returns."""
