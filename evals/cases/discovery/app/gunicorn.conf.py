"""Production server settings. Every value can be overridden from the environment."""

import os

bind = os.environ.get("BIND", "127.0.0.1:" + os.environ.get("PORT", "8000"))
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
worker_class = "gevent"
worker_connections = int(os.environ.get("WORKER_CONNECTIONS", "200"))
timeout = 120
graceful_timeout = 20
keepalive = 5
max_requests = 20000
max_requests_jitter = 2000
accesslog = os.environ.get("ACCESS_LOG") or None
errorlog = "-"


def post_worker_init(worker):
    """Let the runtime look at the loaded application before the worker takes traffic."""
    from discovery.runtime import admit_worker

    admit_worker(worker.log)
