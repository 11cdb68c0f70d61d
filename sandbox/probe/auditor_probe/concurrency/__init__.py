"""What starts something inside a request: it inherits the request."""
