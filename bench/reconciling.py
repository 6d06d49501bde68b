"""Comparing tens of thousands of subscriptions with the sandbox: what it takes in time, requests and memory.

`python -m bench.reconciling` compares 1,000 and then 10,000 on SQLite; `--whole` 10,000 and then 100,000, which takes
some minutes. Run as `python -m bench.reconciling walk URL SANDBOX_URL` it is the process that compares and is weighed.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

from sqlalchemy import insert, inspect

from bench.databases import settle
from bench.serving import ROOT, environment, settings_for
from patronage.app import tools_for
from patronage.foundation.database import Database
from patronage.foundation.migrations import upgrade
from patronage.foundation.settings import Settings
from patronage.foundation.tools import Tools
from patronage.giving import standing
from patronage.giving.duties import policy_of
from patronage.giving.gateway import Answer, Gateway
from patronage.giving.intake import subscriptions
from patronage.giving.models import Interval, Pledge, PledgeKind, PledgeState
from patronage.giving.reconciling import walking
from patronage.giving.reconciling.models import Reconciliation
from patronage.people.models import Person
from patronage.sandbox.serving import RunningSandbox
from patronage.sandbox.settings import SandboxSettings

SOME, WHOLE = (1_000, 10_000), (10_000, 100_000)
DIFFERENT = 10  # pledges that stand otherwise here: each is to be found and mended
PORTION = 5_000
MIB = 1024 * 1024


@dataclass(frozen=True)
class Compared:
    """What comparing took: seconds, requests, and the most bytes of memory, after the first page and in all."""

    subscriptions: int
    seconds: float
    requests: int
    mended: int
    memory_before: int
    memory: int


class Counting(Gateway):
    """The gateway, which counts what it asks."""

    asked = 0

    def call(self, ask: Callable[[Any], Any]) -> Answer:
        """Return what `ask` gets, and count it."""
        self.asked += 1
        return super().call(ask)


def measured(number: int, folder: Path) -> Compared:
    """Fill a sandbox and a database with so many subscriptions, and have a process of its own compare them."""
    url = f"sqlite:///{folder / f'patronage-{number}.db'}"
    upgrade(url)
    stand_in = SandboxSettings(path=folder / f"sandbox-{number}.db", base_url="", deliver=False)
    with RunningSandbox(stand_in) as sandbox:
        template = _template(Gateway(_settings(url, sandbox.url)))
        _fill_sandbox(sandbox, template, number)
        _fill_ours(url, template, number)
        command = [sys.executable, "-m", "bench.reconciling", "walk", url, sandbox.url]
        done = subprocess.run(command, cwd=ROOT, env=environment({}), check=True, capture_output=True, text=True)
    return Compared(subscriptions=number, **json.loads(done.stdout.splitlines()[-1]))


def _settings(url: str, sandbox_url: str) -> Settings:
    return Settings(_env_file=None, **{**settings_for(url, 8000), "stripe_api_base": sandbox_url})


def _template(gateway: Gateway) -> Answer:
    """Have the sandbox make one subscription as Stripe would; return it."""
    customer = gateway.call(lambda api: api.customers.create({"email": "one@reader.example"}))["id"]
    card = gateway.call(lambda api: api.payment_methods.attach("pm_card_visa", {"customer": customer}))["id"]
    product = gateway.call(lambda api: api.products.create({"name": "Support"}))["id"]
    price: Answer = {"product": product, "currency": "eur", "unit_amount": 500, "recurring": {"interval": "month"}}
    number = gateway.call(lambda api: api.prices.create(price))["id"]
    wanted: Answer = {"customer": customer, "default_payment_method": card, "items": [{"price": number}]}
    return gateway.call(lambda api: api.subscriptions.create(wanted))


def _fill_sandbox(sandbox: RunningSandbox, template: Answer, number: int) -> None:
    with sandbox.store.read() as tx:
        stored = tx.get(template["id"])
    for start in range(1, number, PORTION):
        with sandbox.store.write() as tx:
            for each in range(start, min(start + PORTION, number)):
                tx.put({**(stored or {}), "id": f"sub_{each}"})


def _fill_ours(url: str, template: Answer, number: int) -> None:
    """Write as many pledges down as they stand after an event; the amount of a few is another one here."""
    database, now = Database(url), datetime.now(UTC)
    pledge = Pledge(
        reference="P", person_id=1, kind=PledgeKind.PAID, interval=Interval.MONTH, amount_minor=500, fee_cover_minor=0,
        currency="EUR", state=PledgeState.ACTIVE, offered_at=now, settled_at=now, tries=0, version=0,
    )  # fmt: skip
    subscriptions.take_over(pledge, template, now)
    standing.decide(pledge, policy_of(_settings(url, "http://127.0.0.1:9")).grace)
    names = [column.key for column in inspect(Pledge).column_attrs if column.key != "id"]
    facts = {name: getattr(pledge, name) for name in names}
    with database.transaction() as session:
        session.add(
            Person(id=1, email="one@reader.example", email_key="one@reader.example", language="en", created_at=now)
        )
        session.flush()
        for start in range(0, number, PORTION):
            rows = [_row(facts, template, each) for each in range(start, min(start + PORTION, number))]
            session.execute(insert(Pledge), rows)
    settle(database)
    database.close()


def _row(facts: dict[str, Any], template: Answer, each: int) -> dict[str, Any]:
    return {
        **facts, "reference": f"P-{each}", "stripe_customer_id": template["customer"],
        "stripe_subscription_id": f"sub_{each}" if each else template["id"],
        "amount_minor": 700 if 0 < each <= DIFFERENT else facts["amount_minor"],
    }  # fmt: skip


def walk(url: str, sandbox_url: str) -> dict[str, Any]:
    """Compare the subscriptions; return what it took."""
    settings = _settings(url, sandbox_url)
    known, gateway = tools_for(settings), Counting(settings)
    tools = Tools(known.database, known.clock, known.post, gateway)
    with tools.database.transaction() as session:
        run, _ = walking.begin(session, walking.Scope(("subscriptions",), is_dry=True), tools.clock.now())
    next(walking.steps(tools, policy_of(settings), run.id))  # what the first page needs, all need
    gateway.asked, before, began = 0, _peak(), perf_counter()
    with tools.database.transaction() as session:
        run, _ = walking.begin(session, walking.Scope(("subscriptions",)), tools.clock.now())
    for _ in walking.steps(tools, policy_of(settings), run.id):
        pass
    took = perf_counter() - began
    with tools.database.reading() as session:
        mended = session.get_one(Reconciliation, run.id).total("mended")
    tools.database.close()
    return {
        "seconds": took, "requests": gateway.asked, "mended": mended, "memory_before": before, "memory": _peak(),
    }  # fmt: skip


def _peak() -> int:
    """Return the most memory this process has held at once, in bytes; 0 where the system does not tell."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))


def told(results: list[Compared]) -> str:
    """Return the figures as a table."""
    head = "| subscriptions | seconds | requests | mended | memory before | memory at most |"
    rows = [
        f"| {each.subscriptions:,} | {each.seconds:.1f} | {each.requests:,} | {each.mended} "
        f"| {each.memory_before / MIB:.0f} MiB | {each.memory / MIB:.0f} MiB |"
        for each in results
    ]
    return "\n".join([head, "|" + " --- |" * 6, *rows])


def main() -> None:
    """Measure two sizes, ten times apart, and print them."""
    with tempfile.TemporaryDirectory(prefix="patronage-bench-") as made:
        sizes = WHOLE if "--whole" in sys.argv else SOME
        print(told([measured(number, Path(made)) for number in sizes]))


if __name__ == "__main__":
    if sys.argv[1:2] == ["walk"]:
        print(json.dumps(walk(*sys.argv[2:4])))
    else:
        main()
