"""The newsroom's colour and logo: readable whatever is chosen, harmless whatever is drawn."""

import colorsys

import pytest
from flask.testing import FlaskClient

from patronage.foundation import identity
from patronage.foundation.database import Database
from patronage.home.brand import contrast, ink_on
from tests.fixtures.app import Browsers

COLOURS = [
    "#{:02x}{:02x}{:02x}".format(*(round(255 * part) for part in colorsys.hls_to_rgb(hue / 12, light / 10, full / 2)))
    for hue in range(12)
    for light in range(11)
    for full in range(3)
]


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [
        ("#000000", "#ffffff", 21.0),
        ("#ffffff", "#ffffff", 1.0),
        ("#767676", "#FFFFFF", 4.54),
        ("#ff0000", "#ffffff", 4.0),
    ],
)
def test_contrast_is_what_wcag_says(one: str, other: str, ratio: float) -> None:
    assert contrast(one, other) == contrast(other, one) == pytest.approx(ratio, abs=0.005)


def test_text_on_any_colour_can_be_read() -> None:
    assert [colour for colour in COLOURS if contrast(ink_on(colour), colour) < 4.5] == []


def test_pages_learn_the_colour_that_was_chosen(database: Database, client: FlaskClient) -> None:
    with database.transaction() as session:
        identity.describe(session, accent="#FFD500")
    answer = client.get("/brand.css")
    assert answer.mimetype == "text/css"
    assert answer.get_data(as_text=True) == ":root { --brand: #FFD500; --brand-ink: #000000; }\n"


def test_a_colour_that_says_more_than_a_colour_is_refused(database: Database) -> None:
    with database.transaction() as session, pytest.raises(identity.NotAColour):
        identity.describe(session, accent="#000000;} body{display:none")


def test_files_are_kept_for_good_under_an_address_with_their_version(database: Database, client: FlaskClient) -> None:
    with database.reading() as session:
        version = identity.read(session).version
    assert "immutable" in client.get(f"/brand.css?v={version}").headers["Cache-Control"]
    assert "must-revalidate" in client.get(f"/brand.css?v={version + 1}").headers["Cache-Control"]
    plain = client.get("/brand.css")
    again = client.get("/brand.css", headers={"If-None-Match": plain.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_a_logo_may_run_nothing_and_load_nothing(database: Database, client: FlaskClient) -> None:
    drawing = '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    assert client.get("/logo.svg").status_code == 404
    with database.transaction() as session:
        identity.describe(session, logo_svg=drawing)
    client.application.extensions["patronage"].newsroom.forget()  # a second has passed
    answer = client.get("/logo.svg")
    policy = answer.headers["Content-Security-Policy"]
    assert (answer.mimetype, answer.get_data(as_text=True)) == ("image/svg+xml", drawing)
    assert "sandbox" in policy.split("; ")
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_the_small_sign_holds_the_first_letter_escaped(database: Database, browsers: Browsers) -> None:
    with database.transaction() as session:
        identity.describe(session, name="<Gazette>", accent="#0b5d5e")
    drawn = browsers().get("/favicon.svg")
    assert drawn.mimetype == "image/svg+xml"
    assert ">&lt;</text>" in drawn.get_data(as_text=True)
