"""A service on this machine that speaks the real wire protocols: for tests, benchmarks and demonstrations."""
