"""A gunicorn worker in the process that was started, without an arbiter: valgrind's gate to a process does not follow a fork.

python one_worker.py --config gunicorn.conf.py wsgi:app

With `WITHOUT_COLLECTOR` in its environment it collects no garbage: a collection is worth several requests, and falls into a
batch of twenty or does not.
"""

import gc
import os

from gunicorn import sock
from gunicorn.app.wsgiapp import WSGIApplication

application = WSGIApplication()
settings = application.cfg
log = settings.logger_class(settings)
sockets = sock.create_sockets(settings, log)
worker = settings.worker_class(0, os.getppid(), sockets, application, settings.timeout / 2, settings, log)
if os.environ.get("WITHOUT_COLLECTOR"):
    gc.disable()
worker.init_process()
