"""Nook Discovery: finding and booking desks, rooms and event spaces."""

from flask import Flask

from discovery import db, errors, logs
from discovery.config import Config
from discovery.routes import api, health


def create_app(config=None):
    """Build the application. `config` replaces the one read from the environment."""
    app = Flask(__name__)
    settings = config or Config.from_environment()
    app.config["NOOK"] = settings
    app.config["SECRET_KEY"] = settings.secret_key
    app.json.sort_keys = False

    logs.configure(settings)
    db.configure(app, settings)
    errors.register(app)

    app.register_blueprint(health.bp)
    app.register_blueprint(api)
    return app
