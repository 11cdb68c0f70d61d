"""Ways to a model: a file is a provider of that name."""
