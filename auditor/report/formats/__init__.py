"""One format a file: `SUFFIXES` and `render(report) -> str`."""
