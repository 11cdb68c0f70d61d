"""Production servers: where a request enters and where its answer has been sent."""
