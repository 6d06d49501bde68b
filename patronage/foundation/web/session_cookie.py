"""The signed cookie of a signed-in browser; for requests without one next to nothing is done."""

from flask import Flask, Request, Response
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from itsdangerous import URLSafeTimedSerializer


class SessionCookie(SecureCookieSessionInterface):
    """Flask's own cookie, except that its signer is made once and not for every request."""

    def __init__(self) -> None:
        self._signer: URLSafeTimedSerializer | None = None

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        """Return what signs and reads the cookies of `app`, whose secret must be set by then."""
        if self._signer is None:
            self._signer = super().get_signing_serializer(app)
        return self._signer

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """Return what the cookie of `request` holds; nothing, for a browser that sends none."""
        if "Cookie" not in request.headers:
            return self.session_class()
        return super().open_session(app, request)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Write the cookie of `session` into `response`, unless nobody has looked at the session."""
        if session or session.accessed or session.modified:
            super().save_session(app, session, response)
