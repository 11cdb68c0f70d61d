"""What of `starlette` renders templates. The rest keeps the names it has there."""
