"""Which call of which library is which effect: data, one TOML file a library, and the loader of it."""
