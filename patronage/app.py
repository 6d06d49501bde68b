"""The one place where the parts meet: settings and tools in, a Flask app out."""

from pathlib import Path
from urllib.parse import urlsplit

from flask import Flask
from jinja2 import StrictUndefined
from werkzeug.middleware.proxy_fix import ProxyFix

from patronage.ballots import views as ballots
from patronage.books import views as books
from patronage.foundation import shared_clock
from patronage.foundation.clock import Clock, FollowingClock, SystemClock
from patronage.foundation.database import Database
from patronage.foundation.outside import Outside
from patronage.foundation.post import post_for
from patronage.foundation.settings import Settings
from patronage.foundation.tools import Tools
from patronage.foundation.web import errors, form_tokens, headers, house, ids, languages, limits
from patronage.foundation.web.session_cookie import SessionCookie
from patronage.foundation.worker import Duties, Worker
from patronage.giving import views as giving
from patronage.home import views as home
from patronage.newsroom import views as newsroom
from patronage.people import views as people

HERE = Path(__file__).resolve().parent
LARGEST_REQUEST = 256 * 1024
LOOPBACK = ("localhost", "127.0.0.1")  # for health checks on the machine itself; links never use Host


def create_app(settings: Settings, tools: Tools) -> Flask:
    """Put the service together: every room's pages over one set of `settings` and `tools`."""
    app = Flask("patronage", root_path=str(HERE), template_folder=str(templates()), static_folder=str(HERE / "static"))
    house.build(app, settings, tools)
    app.config.update(
        SECRET_KEY=settings.secret_key.get_secret_value(),
        MAX_CONTENT_LENGTH=LARGEST_REQUEST,
        MAX_FORM_MEMORY_SIZE=LARGEST_REQUEST,
        MAX_FORM_PARTS=200,
        SESSION_COOKIE_NAME="patronage",
        SESSION_COOKIE_SECURE=settings.is_https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SEND_FILE_MAX_AGE_DEFAULT=3600,
        TRUSTED_HOSTS=[urlsplit(settings.base_url).hostname, *LOOPBACK],
        WTF_CSRF_TIME_LIMIT=None,
    )
    app.session_interface = SessionCookie()
    if settings.trusted_proxies:
        count = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=0)  # type: ignore[method-assign]
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals["newsroom"] = _Newsroom(app)
    app.jinja_env.globals["link"] = house.link
    app.extensions["patronage-letter-extras"] = {}
    ids.read_ids(app)
    languages.speak(app)
    headers.send_headers(app, settings)
    errors.answer_errors(app)
    limits.count_requests(app, tools)
    form_tokens.guard_forms(app)
    for room in (people, books, giving, ballots, home, newsroom):
        room.install(app)
    return app


class _Newsroom:
    """The newsroom's identity as templates see it: always the one known now."""

    def __init__(self, app: Flask) -> None:
        self._known = app.extensions["patronage"].newsroom

    def __getattr__(self, name: str) -> object:
        return getattr(self._known(), name)


def templates() -> Path:
    """Return where the templates lie: inside the package in a wheel, beside it in a checkout."""
    carried = HERE / "templates"
    return carried if carried.is_dir() else HERE.parent / "templates"


def tools_for(settings: Settings) -> Tools:
    """Return the tools that `settings` name."""
    from patronage.giving.gateway import Gateway

    clock: Clock = FollowingClock(settings.clock_file) if settings.clock_file else SystemClock()
    domain = settings.mail_from.rpartition("@")[2].rstrip("> ") or "localhost"
    database = Database(settings.database_url, mail_domain=domain)
    outside = Outside(private_hosts=settings.private_hosts)
    return Tools(database, clock, post_for(settings.smtp_url), Gateway(settings), outside)


def create_worker(app: Flask) -> Worker:
    """Return a worker that does everything the rooms of `app` ask for."""
    from patronage.ballots import duties as of_ballots
    from patronage.books.papers import duties as of_papers
    from patronage.giving import duties as of_giving
    from patronage.newsroom import digests
    from patronage.newsroom.hooks import duties as of_hooks
    from patronage.people import duties as of_people

    handlers = {**of_people.HANDLERS, **of_papers.HANDLERS, **of_giving.HANDLERS, **of_ballots.HANDLERS}
    handlers |= of_hooks.HANDLERS | digests.HANDLERS
    turns = (shared_clock.follow, *of_giving.TURNS, *of_hooks.TURNS, *digests.TURNS, limits.forget_past)
    return Worker(app, Duties(handlers, turns))
