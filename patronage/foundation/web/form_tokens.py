"""The token in every form of a signed-in person, checked by the guards, and drawn by the field macros."""

from flask import Flask, current_app
from flask_babel import lazy_gettext as _l
from flask_wtf.csrf import CSRFError, CSRFProtect

from patronage.foundation.refused import Refused, Why


class FormTooOld(Refused):
    """The form's token is missing or belongs to another session."""

    why = Why.NOT_ALLOWED
    reason = _l("This form has grown too old or was opened before you signed in. Reload the page and send it again.")


def guard_forms(app: Flask) -> None:
    """Give `app` form tokens; they are checked by the guards of signed-in routes, not on public ones."""
    app.config["WTF_CSRF_CHECK_DEFAULT"] = False
    app.config["WTF_CSRF_SSL_STRICT"] = False  # it wants a Referer, which some browsers withhold; guards look at Origin
    app.extensions["patronage-csrf"] = CSRFProtect(app)


def check_form_token() -> None:
    """Refuse a form without the token of this session (`FormTooOld`)."""
    try:
        current_app.extensions["patronage-csrf"].protect()
    except CSRFError as error:
        raise FormTooOld from error
