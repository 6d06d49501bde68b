"""Who may enter: every route carries exactly one of these marks, and a test walks all routes to see that it does."""

import functools
from collections.abc import Callable
from typing import ParamSpec
from urllib.parse import urlsplit

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from flask_login import current_user

from patronage.foundation.refused import Refused, Why
from patronage.foundation.web.form_tokens import check_form_token
from patronage.foundation.web.house import settings

P = ParamSpec("P")
View = Callable[P, ResponseReturnValue]
SAFE = {"GET", "HEAD", "OPTIONS"}


class NotForYou(Refused):
    """The person is signed in, but this door is for others."""

    why = Why.NOT_ALLOWED
    reason = _l("Your account has no access to this page. Ask an administrator of the newsroom if it should.")


class FromElsewhere(Refused):
    """A form was sent from another site."""

    why = Why.NOT_ALLOWED
    reason = _l("This form was sent from another site, so nothing was done. Open the page here and try again.")


def public(view: View[P]) -> View[P]:
    """Anybody may enter, without a cookie; what a form sends must not come from another site."""
    return _marked(view, "public", refuse_foreign_origin)


def machine(view: View[P]) -> View[P]:
    """For programs that prove themselves in the view (a signature, a token, or nothing at all is at stake)."""
    return _marked(view, "machine", lambda: None)


def patron(view: View[P]) -> View[P]:
    """For whoever is signed in; others are asked to sign in and come back."""
    return _marked(view, "patron", _signed_in)


def staff(*roles: str) -> Callable[[View[P]], View[P]]:
    """For staff holding one of `roles`; administrators may always enter."""
    allowed = {*roles, "admin"}

    def guard() -> ResponseReturnValue | None:
        answer = _signed_in()
        if answer is None and not allowed & set(current_user.roles):
            raise NotForYou
        return answer

    return lambda view: _marked(view, "staff:" + ",".join(sorted(allowed)), guard)


def _signed_in() -> ResponseReturnValue | None:
    if current_user.is_authenticated:
        if request.method not in SAFE:
            refuse_foreign_origin()
            check_form_token()
        return None
    next_page = request.full_path.rstrip("?") if request.method in SAFE else "/account"
    return redirect(url_for("people.sign_in", next=next_page), 303)


def refuse_foreign_origin() -> None:
    """Refuse a form that another site sent: browsers say so in `Sec-Fetch-Site` or `Origin`; programs send neither.

    A value that we do not know counts as foreign; "none" is a person's own doing, such as sending a form again.
    """
    if request.method in SAFE:
        return
    origin = request.headers.get("Origin")
    if request.headers.get("Sec-Fetch-Site") not in {None, "same-origin", "none"}:
        raise FromElsewhere
    if origin is not None and not _is_ours(origin):
        raise FromElsewhere


def _is_ours(origin: str) -> bool:
    ours, theirs = urlsplit(settings().base_url), urlsplit(origin)
    return (ours.scheme, ours.netloc) == (theirs.scheme, theirs.netloc)


def _marked(view: View[P], mark: str, guard: Callable[[], ResponseReturnValue | None]) -> View[P]:
    @functools.wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        answer = guard()
        return view(*args, **kwargs) if answer is None else answer

    guarded.__guard__ = mark  # type: ignore[attr-defined]  # read by tests/house and by app.py
    return guarded
