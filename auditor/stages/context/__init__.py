"""What a model is shown of an endpoint: everything on the way of its requests, as far as a budget reaches."""
