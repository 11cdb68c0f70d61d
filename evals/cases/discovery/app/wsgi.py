"""WSGI entry: `gunicorn wsgi:app` in production, `flask --app wsgi run` on a laptop."""

from discovery import create_app

app = create_app()
