"""Commands of whoever runs the installation; each imports what it needs when it is asked for."""

from typing import TYPE_CHECKING

import click
from flask.cli import with_appcontext

if TYPE_CHECKING:
    from datetime import datetime

COMPARED = ("subscriptions", "invoices", "charges", "refunds", "disputes", "payouts")  # with Stripe, in this order


@click.command()
@click.option("--patrons", default=1000, show_default=True, type=click.IntRange(1))
@click.option("--months", default=24, show_default=True, type=click.IntRange(1, 36))
@click.option("--seed", default=1, show_default=True, help="What the dice show.")
@click.option("--faults/--no-faults", default=True, show_default=True, help="Let calls and deliveries go wrong.")
@click.option("--database-url", help="An empty database; SQLite in a folder of its own unless given.")
def rehearse(patrons: int, months: int, seed: int, faults: bool, database_url: str | None) -> None:
    """Live years in minutes and compare the books with the sandbox's; status 0 only when they agree to the cent."""
    from patronage.operation.rehearsal import Plan, run

    raise SystemExit(run(Plan(patrons, months, seed, faults), database_url))


@click.command()
@with_appcontext
def check() -> None:
    """Check the invariants of money and votes in the database; status 1 when one is broken, 3 without a database."""
    from patronage.foundation.web.house import tools
    from patronage.operation.checking import broken

    problems = broken(tools())
    for problem in problems:
        click.echo(problem, err=True)
    click.echo(f"{len(problems)} invariants are broken." if problems else "All invariants hold.")
    raise SystemExit(1 if problems else 0)


@click.command()
@click.option("--rebuild", is_flag=True, help="Add the monthly figures up from the moves again first.")
@with_appcontext
def figures(rebuild: bool) -> None:
    """Compare the figures of regular giving with the pledges themselves; status 1 when they differ."""
    from patronage.foundation.web.house import tools
    from patronage.giving.figures import rebuilding

    if rebuild:
        with tools().database.transaction() as session:
            click.echo(f"{rebuilding.rebuild(session)} figures added up.")
    with tools().database.reading() as session:
        problems = rebuilding.differences(session)
    for problem in problems:
        click.echo(problem, err=True)
    click.echo("The figures do NOT agree." if problems else "The figures agree with the pledges.")
    raise SystemExit(1 if problems else 0)


@click.command()
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="Only what was made since that day.")
@click.option("--dry-run", is_flag=True, help="Say what differs, mend nothing.")
@click.option("--only", type=click.Choice(COMPARED), multiple=True, help="Only this kind; may be repeated.")
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
@with_appcontext
def reconcile(since: "datetime | None", dry_run: bool, only: tuple[str, ...], as_json: bool) -> None:
    """Compare with Stripe and mend; status 1 when something differed, 2 when unfinished, 3 when differences remain."""
    from patronage.foundation.web.house import here
    from patronage.giving.duties import policy_of
    from patronage.giving.reconciling.walking import Scope
    from patronage.operation import reconciling

    policy = policy_of(here().settings)
    kinds = tuple(kind for kind in COMPARED if kind in only) if only else COMPARED
    scope = Scope(kinds, reconciling.moment_of(since.date() if since else None, policy.zone), dry_run)
    raise SystemExit(reconciling.reconcile(here().tools, policy, scope, as_json=as_json))


@click.command()
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="Thirty days back unless given.")
@with_appcontext
def replay(since: "datetime | None") -> None:
    """Apply events Stripe could not deliver; status 1 when there were new ones, 2 unfinished, 3 some are left."""
    from patronage.foundation.web.house import here
    from patronage.giving.duties import policy_of
    from patronage.operation import reconciling

    policy = policy_of(here().settings)
    moment = reconciling.moment_of(since.date() if since else None, policy.zone)
    raise SystemExit(reconciling.replay(here().tools, policy, moment))


@click.command()
@with_appcontext
def doctor() -> None:
    """Look at the installation: database, Stripe, mail, staff; status 1 when something is wrong."""
    from patronage.foundation.web.house import here
    from patronage.operation.doctor import examine

    ill = False
    for finding in examine(here().tools, here().settings):
        click.echo(f"{'well ' if finding.well else 'WRONG'}  {finding.name:<11} {finding.says}")
        ill |= not finding.well
    raise SystemExit(1 if ill else 0)


@click.command("sign-in-link")
@click.argument("email")
@with_appcontext
def sign_in_link(email: str) -> None:
    """Print a one-time link that signs EMAIL in, for when mail does not arrive."""
    from patronage.foundation.refused import Refused
    from patronage.foundation.web.house import tools
    from patronage.operation.links import sign_in_link_for

    try:
        click.echo(sign_in_link_for(tools(), email))
    except Refused as refusal:
        raise click.ClickException(str(refusal)) from refusal


@click.command()
@click.option("--dead", is_flag=True, help="Only what was given up.")
@click.option("--again", is_flag=True, help="Let what was given up, or failed and waits, be tried now.")
@with_appcontext
def jobs(dead: bool, again: bool) -> None:
    """List events, letters and jobs that wait or were given up."""
    from patronage.foundation.web.house import tools
    from patronage.operation.waiting import listed, revive

    if again:
        click.echo(f"{revive(tools())} will be tried again.")
        return
    lines = listed(tools(), only_dead=dead)
    for line in lines:
        click.echo(line)
    click.echo(f"{len(lines)} in all." if lines else "Nothing waits.")
