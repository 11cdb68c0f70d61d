"""From source files to a linked project: IR, symbols, names, abstract values."""
