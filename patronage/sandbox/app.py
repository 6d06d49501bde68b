"""The sandbox's Flask app: the one place where its parts meet."""

import flask

from patronage.sandbox import clock
from patronage.sandbox.settings import SandboxSettings
from patronage.sandbox.store import Store


def create_sandbox(settings: SandboxSettings) -> flask.Flask:
    """The sandbox as a WSGI app; `app.extensions["sandbox_store"]` is its store."""
    app = flask.Flask(__name__)
    store = Store(settings.path)
    store.clock_file = settings.clock_file
    app.extensions["sandbox_store"] = store
    app.extensions["sandbox_settings"] = settings
    clock.publish(store)
    return app
