"""The sandbox's pages as a reader without scripts meets them: checkout, clock, mail, lists."""

import json
import mailbox
from email.message import EmailMessage
from pathlib import Path

import pytest
import requests
import stripe
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from patronage.sandbox.mail_pages import linked
from patronage.sandbox.serving import RunningSandbox
from tests.sandbox.opening import open_session
from tests.sandbox.receiver import happen, listen

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
THANKS = "http://127.0.0.1:9/thanks?session="


def page(url: str) -> requests.Response:
    return requests.get(url, headers=BROWSER, timeout=30, allow_redirects=False)


def press(url: str, **form: str) -> requests.Response:
    return requests.post(url, data=form, headers=BROWSER, timeout=30, allow_redirects=False)


def opened(client: stripe.StripeClient, **more: object) -> tuple[str, str]:
    """The id and the address of a session."""
    session = open_session(client, **{"customer_email": "olha@example.org", **more})  # type: ignore[arg-type]  # as given
    assert session.url
    return session.id, session.url


def write_letter(tmp_path: Path, subject: str = "Your receipt", day: int = 3) -> None:
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = "paper@example.org", "olha@example.org", subject
    letter["Date"] = f"Wed, {day:02} Jun 2026 12:00:00 +0000"
    letter["Message-ID"] = f"<{subject}@example.org>"
    letter.set_content("Open http://127.0.0.1:8000/account?token=x&y=1, please. <b>&</b>")
    letter.add_alternative("<h1>Receipt</h1><script>alert(1)</script>", subtype="html")
    mailbox.Maildir(tmp_path / "mail").add(letter)


def test_the_checkout_says_what_is_paid_and_that_no_money_moves(client: stripe.StripeClient) -> None:
    _, url = opened(client)
    shown = page(url).text
    for words in ("no real money moves", "Support the Harbour Courier", "Subscribe: €5.00 every month"):
        assert words in shown
    assert 'value="olha@example.org"' in shown


def test_paying_leads_back_to_the_shop(client: stripe.StripeClient) -> None:
    id, url = opened(client)
    answer = press(url, card="4242 4242 4242 4242", expiry="12 / 34", cvc="123", name="Olha")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{THANKS}{id}")
    assert "This has been paid" in page(url).text


def test_pressing_twice_pays_once(client: stripe.StripeClient) -> None:
    id, url = opened(client)
    places = [press(url, trial="4242424242424242").headers["Location"] for _ in range(2)]
    assert places == [f"{THANKS}{id}"] * 2
    assert len(client.v1.charges.list().data) == 1


def test_a_decline_tells_why_and_keeps_the_form(client: stripe.StripeClient) -> None:
    _, url = opened(client)
    answer = press(url, card="4000 0000 0000 9995", expiry="11 / 30", cvc="987", name="Olha Kovalenko")
    assert answer.status_code == 402
    for words in ("Your card has insufficient funds.", "You have not been charged.", "<title>Error:"):
        assert words in " ".join(answer.text.split()).replace("<title> ", "<title>")
    for kept in ("4000 0000 0000 9995", "11 / 30", "987", "Olha Kovalenko"):
        assert f'value="{kept}"' in answer.text
    assert press(url, trial="4242424242424242").status_code == 303


def test_an_address_is_asked_for_when_none_is_known(client: stripe.StripeClient) -> None:
    session = open_session(client, once=True)
    assert session.url
    assert press(session.url, trial="4242424242424242").status_code == 422
    assert press(session.url, trial="4242424242424242", email="new@example.org").status_code == 303
    paid = client.v1.checkout.sessions.retrieve(session.id)
    assert paid.customer_details
    assert paid.customer_details.email == "new@example.org"


def test_the_banks_question_is_a_page_of_its_own(client: stripe.StripeClient) -> None:
    id, url = opened(client)
    asked = press(url, trial="4000002500003155")
    assert asked.status_code == 303
    challenge = asked.headers["Location"]
    assert "3-D Secure" in page(challenge).text
    assert press(challenge, outcome="fail").status_code == 402
    press(url, trial="4000002500003155")
    assert press(challenge, outcome="approve").headers["Location"] == f"{THANKS}{id}"


def test_a_bank_debit_is_offered_where_there_is_one(client: stripe.StripeClient) -> None:
    id, url = opened(client)
    assert press(url, method="bank_debit").status_code == 303
    assert client.v1.checkout.sessions.retrieve(id).payment_status == "unpaid"
    _, elsewhere = opened(client, currency="usd")
    assert "bank_debit" not in page(elsewhere).text


def test_leaving_leads_back_and_keeps_the_session_open(client: stripe.StripeClient) -> None:
    id, url = opened(client)
    answer = page(f"{url}/leave")
    assert (answer.status_code, answer.headers["Location"]) == (303, "http://127.0.0.1:9/support")
    assert client.v1.checkout.sessions.retrieve(id).status == "open"


def test_an_expired_page_takes_no_money(client: stripe.StripeClient) -> None:
    id, url = opened(client)
    client.v1.checkout.sessions.expire(id)
    assert "This page has expired" in page(url).text
    assert "This page has expired" in press(url, trial="4242424242424242").text
    assert client.v1.charges.list().data == []


def test_the_policy_lets_forms_lead_to_the_shop_and_nothing_else(client: stripe.StripeClient) -> None:
    _, url = opened(client)
    policy = page(url).headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "form-action 'self' http://127.0.0.1:9" in policy
    assert "script-src" not in policy


def test_the_clocks_buttons_move_time_and_tell_what_happened(
    sandbox: RunningSandbox, client: stripe.StripeClient
) -> None:
    id, _ = opened(client)
    requests.post(f"{sandbox.url}/_sandbox/checkout/{id}/pay", timeout=30).raise_for_status()
    answer = press(f"{sandbox.url}/_sandbox/clock", step="month")
    assert answer.status_code == 303
    press(f"{sandbox.url}/_sandbox/clock", step="day")
    assert "invoice.paid" in page(sandbox.url + answer.headers["Location"]).text
    assert press(f"{sandbox.url}/_sandbox/clock", step="aeon").status_code == 400


@pytest.mark.parametrize("path", ["/", "/_sandbox/clock", "/_sandbox/mail", "/_sandbox/events"])
def test_pages_carry_strict_headers_and_load_nothing_from_elsewhere(sandbox: RunningSandbox, path: str) -> None:
    answer = page(sandbox.url + path)
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Set-Cookie" not in answer.headers
    assert "<script" not in answer.text
    assert 'src="http' not in answer.text


def test_events_and_deliveries_are_pages_for_people_and_json_for_programs(sandbox: RunningSandbox) -> None:
    listen(sandbox.store, "http://127.0.0.1:1/nobody")
    happen(sandbox.store, 60)
    for name in ("events", "deliveries"):
        shown = page(f"{sandbox.url}/_sandbox/{name}").text
        assert "customer.updated" in shown
        assert "Older" in shown
        assert isinstance(requests.get(f"{sandbox.url}/_sandbox/{name}", timeout=30).json(), list)


def test_the_button_beside_a_delivery_sends_it_again(sandbox: RunningSandbox) -> None:
    listen(sandbox.store, "http://127.0.0.1:1/nobody")
    [event] = happen(sandbox.store)
    answer = press(f"{sandbox.url}/_sandbox/deliveries/{event}/again")
    assert answer.status_code == 303
    assert event in page(sandbox.url + answer.headers["Location"]).text


def test_letters_are_listed_newest_first(sandbox: RunningSandbox, tmp_path: Path) -> None:
    for day, subject in ((3, "First"), (5, "Third"), (4, "Second")):
        write_letter(tmp_path, subject, day)
    listed = requests.get(f"{sandbox.url}/_sandbox/mail.json", timeout=30).json()
    assert [letter["subject"] for letter in listed] == ["Third", "Second", "First"]
    shown = page(f"{sandbox.url}/_sandbox/mail").text
    assert shown.index("Third") < shown.index("Second") < shown.index("First")
    nobody = requests.get(f"{sandbox.url}/_sandbox/mail.json", params={"to": "else@example.org"}, timeout=30)
    assert nobody.json() == []


def test_a_letter_is_shown_as_text_and_behind_glass(sandbox: RunningSandbox, tmp_path: Path) -> None:
    write_letter(tmp_path)
    [letter] = requests.get(f"{sandbox.url}/_sandbox/mail.json", timeout=30).json()
    shown = page(f"{sandbox.url}/_sandbox/mail/{letter['key']}")
    assert '<a href="http://127.0.0.1:8000/account?token=x&amp;y=1">' in shown.text
    assert "frame-src 'self'" in shown.headers["Content-Security-Policy"]
    assert "<script" not in shown.text
    glass = page(f"{sandbox.url}/_sandbox/mail/{letter['key']}/html")
    assert "sandbox allow-popups" in glass.headers["Content-Security-Policy"]
    assert "allow-scripts" not in glass.headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", ["/_sandbox/mail/..%2f..%2fetc", "/_sandbox/mail/none", "/c/pay/cs_test_none"])
def test_what_is_not_there_is_a_page_that_says_so(sandbox: RunningSandbox, path: str) -> None:
    answer = page(sandbox.url + path)
    assert answer.status_code == 404
    assert "That is not possible" in answer.text


def test_addresses_in_a_letter_end_before_the_full_stop() -> None:
    assert linked("See https://a.example/b. <i>") == (
        'See <a href="https://a.example/b">https://a.example/b</a>. &lt;i&gt;'
    )


@pytest.mark.browser
def test_every_page_is_accessible_at_two_widths_by_day_and_by_night(
    sandbox: RunningSandbox, client: stripe.StripeClient, tmp_path: Path, browser: Browser
) -> None:
    addresses = _addresses(sandbox, client, tmp_path)
    window = browser.new_page()
    for url in addresses:
        window.goto(url)
        for width in (360, 1280):
            window.set_viewport_size({"width": width, "height": 800})
            assert window.evaluate("document.documentElement.scrollWidth <= innerWidth"), url
        for colors in (None, {"runOnly": ["color-contrast"]}):
            window.emulate_media(color_scheme="dark" if colors else "light")
            found = Axe().run(window, options=colors).response["violations"]
            assert found == [], f"{url}: {json.dumps(found)[:2000]}"


def _addresses(sandbox: RunningSandbox, client: stripe.StripeClient, tmp_path: Path) -> list[str]:
    """One of every page, with something on it."""
    write_letter(tmp_path)
    listen(sandbox.store, "http://127.0.0.1:1/nobody")
    [letter] = requests.get(f"{sandbox.url}/_sandbox/mail.json", timeout=30).json()
    (paid, paid_url), (_, open_url), (gone, gone_url) = (opened(client) for _ in range(3))
    requests.post(f"{sandbox.url}/_sandbox/checkout/{paid}/pay", timeout=30).raise_for_status()
    client.v1.checkout.sessions.expire(gone)
    names = ("clock?since=0", "events", "deliveries", "mail", f"mail/{letter['key']}")
    own = [f"{sandbox.url}/_sandbox/{name}" for name in names]
    asked = client.v1.payment_intents.create(
        {
            "amount": 500,
            "currency": "eur",
            "confirm": True,
            "payment_method": "pm_card_threeDSecure2Required",
            "return_url": "http://127.0.0.1:9/back",
        }
    )
    bank = f"{sandbox.url}/3ds/{asked.id}"
    return [f"{sandbox.url}/", *own, bank, open_url, f"{open_url}/authenticate", paid_url, gone_url, f"{open_url}x"]


@pytest.mark.browser
def test_a_reader_without_scripts_is_declined_asked_by_the_bank_and_pays(
    client: stripe.StripeClient, browser: Browser
) -> None:
    id, url = opened(client)
    window = browser.new_page(java_script_enabled=False)
    window.route("http://127.0.0.1:9/**", lambda route: route.fulfill(body="thanks"))
    window.goto(url)
    window.get_by_label("Card number").fill("4000000000000002")
    window.get_by_role("button", name="Subscribe: €5.00 every month").click()
    expect(window.get_by_role("alert")).to_contain_text("You have not been charged.")
    window.get_by_role("button", name="The bank asks once").click()
    window.get_by_role("button", name="Complete").click()
    window.wait_for_url(f"{THANKS}{id}")
