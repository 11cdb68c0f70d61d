"""What models are asked to answer with: closed, flat, without defaults, so that each service's schema can say all of it."""
