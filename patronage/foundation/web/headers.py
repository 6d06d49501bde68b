"""The headers every answer carries: a strict content policy above all, which also names where forms may lead."""

from urllib.parse import urlsplit

from flask import Flask, Response, request

from patronage.foundation.settings import Settings

STRIPE_ORIGINS = ("https://checkout.stripe.com", "https://billing.stripe.com", "https://invoice.stripe.com")


def content_policy(settings: Settings) -> str:
    """Return the content policy; a form's redirect is held to `form-action` too, so Stripe's pages are named."""
    leads_to = {*STRIPE_ORIGINS} if settings.stripe_api_base is None else {_origin(settings.stripe_api_base)}
    return "; ".join(
        [
            "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:",
            "font-src 'self'", "connect-src 'self'", "manifest-src 'self'", "base-uri 'none'",
            "frame-ancestors 'none'", "form-action 'self' " + " ".join(sorted(leads_to)),
        ]
    )  # fmt: skip


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def send_headers(app: Flask, settings: Settings) -> None:
    """Have `app` send the security headers with every answer."""
    always = {
        "Content-Security-Policy": content_policy(settings),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "strict-origin-when-cross-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    }
    if settings.is_https:
        always["Strict-Transport-Security"] = "max-age=31536000"

    @app.after_request
    def add(response: Response) -> Response:
        headers = response.headers
        present = set(headers.keys())  # looked at once: `setdefault` reads through all of them each time
        for name, value in always.items():
            if name not in present:
                headers.add(name, value)
        if "Cache-Control" not in present and (request.endpoint != "static" or response.status_code >= 400):
            headers["Cache-Control"] = "no-store"
        return response
