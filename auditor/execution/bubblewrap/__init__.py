"""The jail that bubblewrap makes: namespaces of its own, a root in memory, a filter of system calls."""
