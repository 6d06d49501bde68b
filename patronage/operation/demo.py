"""The demo: a newsroom with a year of life, lived through the real pages, the real library and the sandbox's clock."""

import os
import sys
from datetime import timedelta

import click

from patronage.app import create_app, tools_for
from patronage.foundation import logs
from patronage.foundation.settings import load
from patronage.giving.duties import policy_of
from patronage.operation import demo_newsroom, wire
from patronage.operation.demo_furnishing import furnish
from patronage.operation.demo_place import Place
from patronage.operation.demo_town import Town
from patronage.operation.demo_year import Year
from patronage.operation.links import sign_in_link_for
from patronage.operation.supervising import Part, Supervisor

LINKS_LAST = timedelta(days=1)
DAYS = 365


def run() -> int:
    """Start the demo, living its year first if that has not been done; return when told to stop."""
    logs.configure(human=True)
    place = Place.from_environment()
    supervisor = Supervisor()
    supervisor.listen()
    try:
        _start(place, supervisor)
        _tell(place)
        supervisor.watch()
    except (RuntimeError, OSError) as problem:
        click.echo(f"The demo could not be started: {problem}", err=True)
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        supervisor.stop()
    return 0


def _start(place: Place, supervisor: Supervisor) -> None:
    _refuse_taken_ports(place)
    new = not place.built.exists()
    place.var.mkdir(parents=True, exist_ok=True)
    if new:
        place.begin_anew()
    _start_sandbox(place, supervisor, new=new)
    settings = _settings(place, new=new)
    for part in ("web", "worker"):
        supervisor.start(Part(part, [part], {**os.environ, **settings, "PORT": str(place.port)}, place.log))
    _wait_for(supervisor, place, "the first page", place.base_url)
    if new:
        _live_a_year(place, settings)
        place.built.touch()


def _refuse_taken_ports(place: Place) -> None:
    for name, url in (("PORT", place.base_url), ("SANDBOX_PORT", place.sandbox_url)):
        if wire.answers(url + "/healthz"):
            raise RuntimeError(f"something answers on {url} already; choose another port with {name}=…")


def _start_sandbox(place: Place, supervisor: Supervisor, *, new: bool) -> None:
    environment = {**os.environ, "SANDBOX_PORT": str(place.sandbox_port), "VAR": str(place.var)}
    if new:
        environment["SANDBOX_AGO"] = str(DAYS * 86400)
    supervisor.start(Part("sandbox", ["sandbox"], environment, place.log))
    _wait_for(supervisor, place, "the sandbox", place.sandbox_url)


def _wait_for(supervisor: Supervisor, place: Place, what: str, url: str) -> None:
    def is_there() -> bool:
        if name := supervisor.ended():
            raise RuntimeError(f"the {name} ended; what it said stands in {place.log}")
        return wire.answers(url + "/healthz")

    wire.wait_for(what, is_there)


def _settings(place: Place, *, new: bool) -> dict[str, str]:
    """Return the demo's settings, written down; a new demo gets its database and its webhook endpoint first."""
    from patronage.foundation.migrations import upgrade
    from patronage.giving.gateway import Gateway
    from patronage.giving.intake.stripe_events import HANDLERS

    settings = place.generated("whsec_not_known_yet") if new else place.written()
    gateway = Gateway(load(**_as_given(settings)))
    secret = gateway.receive_events_at(place.base_url + "/webhooks/stripe", sorted(HANDLERS))
    if secret:
        settings["PATRONAGE_STRIPE_WEBHOOK_SECRET"] = secret
    place.write(settings)
    upgrade(settings["PATRONAGE_DATABASE_URL"])
    return settings


def _as_given(settings: dict[str, str]) -> dict[str, object]:
    return {name.removeprefix("PATRONAGE_").lower(): value for name, value in settings.items()}


def _live_a_year(place: Place, settings: dict[str, str]) -> None:
    known = load(**_as_given(settings))
    tools = tools_for(known)
    app = create_app(known, tools)
    with app.test_request_context(base_url=known.base_url):
        furnish(tools)
        town = Town(place, tools)
        town.control("PUT", "account", {"settlement_currency": demo_newsroom.CURRENCY.lower()})
        year = Year(town, policy_of(known), known.secret_key.get_secret_value())
        with click.progressbar(
            year.days(DAYS), length=DAYS, label="Living a year at The Harbour Post", file=sys.stderr, width=30
        ) as days:
            for _ in days:
                pass
    tools.database.close()


def _tell(place: Place) -> None:
    known = load(**_as_given(place.written()))
    tools = tools_for(known)
    app = create_app(known, tools)
    say = click.echo
    say(f"\n  {demo_newsroom.NAME} is open.\n")
    say(f"  The pages            {place.base_url}/support?interval=month")
    say(f"  What to vote on      {place.base_url}/topics")
    say(f"  Stripe's stand-in    {place.sandbox_url}/")
    say(f"  Its clock            {place.sandbox_url}/_sandbox/clock   (let a month pass, then an hour)")
    say(f"  The mail it sent     {place.sandbox_url}/_sandbox/mail\n")
    say("  Sign in, once each (ask for another by mail at /sign-in):\n")
    people = [("patron", demo_newsroom.PATRON, "/account")]
    people += [(role, email, "/desk") for email, _, role in demo_newsroom.STAFF]
    for role, email, path in people:
        with app.app_context():
            url = sign_in_link_for(tools, email, valid_for=LINKS_LAST, next_path=path)
        say(f"  {role:<12} {email:<30} {url}")
    say(f"\n  Settings: {place.env_file}\n  Log:      {place.log}\n\n  Ctrl-C stops all of it.\n")
    sys.stdout.flush()
    tools.database.close()
