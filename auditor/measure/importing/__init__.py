"""Workloads out of what others recorded: a browser's HAR, a server's access log. What can't be sent is said."""
