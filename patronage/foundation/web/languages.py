"""Which language a page speaks, and how money and dates are written in it."""

from datetime import datetime
from pathlib import Path

from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal
from flask import Flask, g, has_request_context, request
from flask_babel import Babel, get_locale

from patronage.foundation.money import shown
from patronage.foundation.web.house import here

LANGUAGES = ("en", "uk")
LOCALE = Path(__file__).resolve().parent.parent.parent / "locale"


def speak(app: Flask) -> None:
    """Have `app` choose a language for each request and give templates the filters that write it."""
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(LOCALE)
    app.config["BABEL_DEFAULT_LOCALE"] = "en"
    Babel(app, locale_selector=language)
    app.jinja_env.globals["spoken"] = language
    app.jinja_env.filters.update(money=_money, day=_day, moment=_moment, number=_number)


def language() -> str:
    """Return the language of this answer: `?lang=`, else what the browser asks for, else the newsroom's."""
    if not has_request_context():
        return "en"
    spoken: str | None = g.get("language")
    if spoken is None:
        asked = request.args.get("lang", "")
        spoken = asked if asked in LANGUAGES else request.accept_languages.best_match(LANGUAGES)
        g.language = spoken = spoken or _newsrooms()
    return spoken


def _newsrooms() -> str:
    wanted = here().newsroom().locale
    return wanted if wanted in LANGUAGES else "en"


def _locale() -> str:
    return str(get_locale() or "en")


def _money(amount_minor: int, currency: str) -> str:
    return shown(amount_minor, currency, _locale())


def _day(moment: datetime) -> str:
    return format_date(moment.astimezone(here().settings.zone), "d MMMM y", locale=_locale())


def _moment(moment: datetime) -> str:
    local = moment.astimezone(here().settings.zone)
    zone = local.tzname() or ""
    return f"{format_datetime(local, 'd MMMM y, HH:mm', locale=_locale())} {zone}".strip()


def _number(number: int) -> str:
    return format_decimal(number, locale=_locale())
