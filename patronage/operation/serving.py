"""Serves the pages with gunicorn: the app is loaded once, then forked, so that workers share its memory."""

import gc
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

from patronage.app import create_app, tools_for
from patronage.foundation import logs
from patronage.foundation.database import Database
from patronage.foundation.settings import Settings
from patronage.foundation.web.kept_answers import KeptAnswers

REQUEST_SECONDS = 30  # above Stripe's ten, so that a slow Stripe is answered for and not cut off


class Service(BaseApplication):  # type: ignore[misc]  # gunicorn comes without types
    """gunicorn with our settings and no configuration file."""

    def __init__(self, app: Flask, options: dict[str, Any]) -> None:
        self._app, self._options = app, options
        super().__init__()

    def load_config(self) -> None:
        """Hand our options to gunicorn."""
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> KeptAnswers:
        """Return what is served: the app, behind the answers it gave strangers within the last second."""
        return KeptAnswers(self._app)


def serve(settings: Settings, host: str, port: int) -> None:
    """Serve on `host`:`port` until told to stop."""
    logs.configure()
    tools = tools_for(settings)
    problem = tools.database.durability_problem()
    if problem:
        raise SystemExit(f"Will not start, as acknowledged gifts and votes could be lost: {problem}.")
    app = create_app(settings, tools)
    warm_up(app, settings)
    answer(app, tools.database, settings, f"{host}:{port}")


def answer(app: Flask, database: Database, settings: Settings, bind: str) -> None:
    """Answer on `bind` with `app`, from processes that are forked once it is loaded, until told to stop."""
    database.forget_connections()
    gc.collect()
    gc.freeze()  # the collector leaves alone what was loaded before, so that it stays in memory that workers share

    def after_fork(_arbiter: object, _worker: object) -> None:
        database.forget_connections()

    Service(
        app,
        {
            "bind": bind,
            "workers": settings.web_workers,
            "threads": settings.web_threads,
            "worker_class": "gthread",
            "preload_app": True,
            "post_fork": after_fork,
            "timeout": REQUEST_SECONDS,
            "graceful_timeout": REQUEST_SECONDS,
            "keepalive": 5,
            "control_socket_disable": True,
            "accesslog": None,
            "loglevel": "warning",
        },
    ).run()


def warm_up(app: Flask, settings: Settings) -> None:
    """Draw a few pages before forking: their templates are then compiled once, in memory that workers share."""
    client = app.test_client()
    for path in ("/", "/support", "/topics", "/sign-in"):
        client.get(path, base_url=settings.base_url)
