"""Which language a page speaks, and how money and dates are written in it."""

from datetime import datetime
from functools import lru_cache
from pathlib import Path

from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal
from flask import Flask, g, has_request_context, request
from flask_babel import Babel, get_locale, gettext
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from patronage.foundation.database import Busy
from patronage.foundation.money import shown
from patronage.foundation.refused import Refused
from patronage.foundation.web.house import here

# By the code of each, its name as its speakers write it. English stands in the code; of every other a folder in LOCALE.
LANGUAGES = {"en": "English", "uk": "Українська"}
OURS = "en"
LOCALE = Path(__file__).resolve().parent.parent.parent / "locale"


def speak(app: Flask) -> None:
    """Have `app` choose a language for each request and give templates the filters that write it."""
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(LOCALE)
    app.config["BABEL_DEFAULT_LOCALE"] = OURS
    Babel(app, locale_selector=language)
    app.jinja_env.globals["spoken"] = language
    app.jinja_env.filters.update(money=_money, day=_day, moment=_moment, number=_number)


def language() -> str:
    """Return the language of this answer: `?lang=`, else the signed-in person's, the browser's, the newsroom's.

    The first word decides: once it is spoken, the answer keeps to its language.
    """
    if not has_request_context():
        return OURS
    spoken: str | None = g.get("language")
    if spoken is None:
        asked = request.args.get("lang", "")
        spoken = asked if asked in LANGUAGES else _asked_for(request.headers.get("Accept-Language", ""))
        g.language = spoken = spoken or newsrooms_language()
    return spoken


@lru_cache(maxsize=256)
def _asked_for(header: str) -> str | None:
    """Return the language of ours that suits an `Accept-Language` best; browsers send few different ones."""
    best: str | None = parse_accept_header(header, LanguageAccept).best_match(LANGUAGES)
    return best


def prefer(wanted: str) -> None:
    """Speak the `wanted` language of whoever was found to be signed in, unless the address asks for another.

    Who never looks who is signed in, as the pages for strangers do not, never calls this.
    """
    if "language" not in g and wanted in LANGUAGES and request.args.get("lang") not in LANGUAGES:
        g.language = wanted


def said(refusal: Refused) -> str:
    """Return the reason of `refusal` in the language of this answer."""
    return str(gettext(str(refusal.reason), **refusal.parts))


def newsrooms_language() -> str:
    """Return the newsroom's language; ours where it cannot be read, as that page tells that the database is gone."""
    try:
        wanted = here().newsroom().locale
    except (SQLAlchemyError, Busy):
        return OURS
    return wanted if wanted in LANGUAGES else OURS


def _locale() -> str:
    return str(get_locale() or OURS)


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
