"""The newsroom's own colour, logo and sign, as files that pages refer to."""

from flask import Blueprint, Response, abort, render_template, request
from flask.typing import ResponseReturnValue

from patronage.foundation.identity import Identity
from patronage.foundation.web.guards import public
from patronage.foundation.web.house import here

blueprint = Blueprint("brand", __name__)

LIGHT, DARK = "#ffffff", "#000000"
FOREVER = "public, max-age=31536000, immutable"
ASK_AGAIN = "public, max-age=0, must-revalidate"
# A logo is somebody else's document: opened by itself it may run nothing and load nothing.
LOGO_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


@blueprint.get("/logo.svg")
@public
def logo() -> ResponseReturnValue:
    """Send the newsroom's logo."""
    newsroom = here().newsroom()
    if not newsroom.logo_svg:
        abort(404)
    answer = _kept(newsroom.logo_svg, "image/svg+xml", newsroom)
    answer.headers["Content-Security-Policy"] = LOGO_POLICY
    return answer


@blueprint.get("/favicon.svg")
@public
def favicon() -> ResponseReturnValue:
    """Send a small sign: the first letter of the newsroom's name on its colour."""
    newsroom = here().newsroom()
    drawn = render_template(
        "home/favicon.svg", letter=newsroom.name[:1].upper(), ground=newsroom.accent, ink=ink_on(newsroom.accent)
    )
    return _kept(drawn, "image/svg+xml", newsroom)


def style_of(newsroom: Identity) -> Response:
    """Return the style sheet that tells the pages the newsroom's colour, and a colour readable on it."""
    sheet = f":root {{ --brand: {newsroom.accent}; --brand-ink: {ink_on(newsroom.accent)}; }}\n"
    return _kept(sheet, "text/css", newsroom)


def ink_on(ground: str) -> str:
    """Return white or black, whichever is easier to read on `ground` (#rrggbb); the contrast is always 4.58 or more."""
    return LIGHT if contrast(LIGHT, ground) >= contrast(DARK, ground) else DARK


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours (#rrggbb), 1 to 21, as WCAG 2.2 defines it."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(int(colour[place : place + 2], 16) / 255) for place in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(share: float) -> float:
    return share / 12.92 if share <= 0.04045 else float(((share + 0.055) / 1.055) ** 2.4)


def _kept(body: str, kind: str, newsroom: Identity) -> Response:
    """Return `body`, to be kept for good under an address with the current version, else asked for again."""
    answer = Response(body, mimetype=kind)
    answer.headers["Cache-Control"] = FOREVER if request.args.get("v") == str(newsroom.version) else ASK_AGAIN
    answer.add_etag()
    answer.make_conditional(request)
    return answer
