"""A gunicorn worker in the process that was started, without an arbiter: valgrind's gate to a process does not follow a fork.

python one_worker.py --config gunicorn.conf.py wsgi:app
"""

import os

from gunicorn import sock
from gunicorn.app.wsgiapp import WSGIApplication

application = WSGIApplication()
settings = application.cfg
log = settings.logger_class(settings)
sockets = sock.create_sockets(settings, log)
worker = settings.worker_class(0, os.getppid(), sockets, application, settings.timeout / 2, settings, log)
worker.init_process()
