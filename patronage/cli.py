"""The `patronage` command; it only calls rooms, and imports each when it is asked for."""

import os
import sys
from typing import TYPE_CHECKING, Any

import click
from flask import current_app
from flask.cli import FlaskGroup

from patronage import __version__

if TYPE_CHECKING:
    from datetime import datetime

    from flask import Flask

    from patronage.foundation.settings import Settings

NO_DATABASE = 3
COMPARED = ("subscriptions", "invoices", "charges", "refunds", "disputes", "payouts")  # with Stripe, in this order


class Commands(FlaskGroup):
    """Flask's group of commands, except that `--help` needs neither settings nor an app, and there is one app."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.params = [option for option in self.params if option.name not in {"app", "debug"}]

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of our own commands."""
        return click.Group.list_commands(self, ctx)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return one of our own commands."""
        return click.Group.get_command(self, ctx, cmd_name)


def settings() -> "Settings":
    """Read the settings, or tell all that is wrong with them and leave with status 2."""
    from patronage.foundation.settings import BadSettings, load

    try:
        return load()
    except BadSettings as problem:
        click.echo(str(problem), err=True)
        click.echo("See .env.example for what each setting means.", err=True)
        raise SystemExit(2) from None


def the_app() -> "Flask":
    """Return the app of the settings, for the commands that run inside it."""
    from patronage.app import create_app, tools_for
    from patronage.foundation import logs

    logs.configure()
    known = settings()
    return create_app(known, tools_for(known))


@click.group(
    cls=Commands, create_app=the_app, add_default_commands=False, add_version_option=False, set_debug_flag=False
)
@click.version_option(__version__, prog_name="patronage")
def cli() -> None:
    """Patrons, donations and topic votes for an independent newsroom."""


@cli.command(with_appcontext=False)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, envvar="PORT", help="Port to listen on.")
def run(host: str, port: int) -> None:
    """Bring the database up to date, then run the pages and the worker, supervised."""
    from patronage.foundation import logs
    from patronage.foundation.migrations import upgrade
    from patronage.operation.supervising import Part, Supervisor

    logs.configure()
    upgrade(settings().database_url)
    supervisor = Supervisor()
    supervisor.listen()
    try:
        supervisor.start(Part("web", ["web", "--host", host, "--port", str(port)], os.environ))
        supervisor.start(Part("worker", ["worker"], os.environ))
        supervisor.watch()
    finally:
        supervisor.stop()


@cli.command(with_appcontext=False)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, envvar="PORT", help="Port to listen on.")
def web(host: str, port: int) -> None:
    """Run the pages alone."""
    from patronage.operation.serving import serve

    serve(settings(), host, port)


@cli.command()
def worker() -> None:
    """Run the worker alone: events from Stripe, letters, jobs."""
    from patronage.app import create_worker

    create_worker(current_app._get_current_object()).run()  # type: ignore[attr-defined]  # the app behind the proxy


@cli.command(with_appcontext=False)
def migrate() -> None:
    """Bring the database to the shape this version needs."""
    from patronage.foundation.migrations import upgrade

    upgrade(settings().database_url)
    click.echo("The database is up to date.")


@cli.command(with_appcontext=False)
def demo() -> None:
    """Run a demo newsroom with a year of life, a sandbox for Stripe and a mailbox, on this machine."""
    from patronage.operation.demo import run as run_demo

    raise SystemExit(run_demo())


@cli.group(invoke_without_command=True)
@click.pass_context
def sandbox(ctx: click.Context) -> None:
    """Run the stand-in for Stripe by itself (SANDBOX_PORT, VAR), or rehearse with it."""
    if ctx.invoked_subcommand is not None:
        return
    from patronage.sandbox.serving import serve, settings_from_environment

    serve(*settings_from_environment())


@sandbox.command(with_appcontext=False)
@click.option("--patrons", default=1000, show_default=True, type=click.IntRange(1))
@click.option("--months", default=24, show_default=True, type=click.IntRange(1, 36))
@click.option("--seed", default=1, show_default=True, help="What the dice show.")
@click.option("--faults/--no-faults", default=True, show_default=True, help="Let calls and deliveries go wrong.")
@click.option("--database-url", help="An empty database; SQLite in a folder of its own unless given.")
def rehearse(patrons: int, months: int, seed: int, faults: bool, database_url: str | None) -> None:
    """Live years in minutes and compare the books with the sandbox's; status 0 only when they agree to the cent."""
    from patronage.operation.rehearsal import Plan, run

    raise SystemExit(run(Plan(patrons, months, seed, faults), database_url))


@cli.command()
def check() -> None:
    """Check the invariants of money and votes in the database; status 1 when one is broken, 3 without a database."""
    from patronage.foundation.web.house import tools
    from patronage.operation.checking import broken

    problems = broken(tools())
    for problem in problems:
        click.echo(problem, err=True)
    click.echo(f"{len(problems)} invariants are broken." if problems else "All invariants hold.")
    raise SystemExit(1 if problems else 0)


@cli.command()
@click.argument("round_id", metavar="ROUND", type=int)
def recount(round_id: int) -> None:
    """Count the ballots of a closed ROUND again and compare with its frozen result; status 1 when they differ."""
    from patronage.ballots import results
    from patronage.ballots.models import Round
    from patronage.foundation.web.house import tools

    with tools().database.reading() as session:
        round_ = session.get(Round, round_id)
        if round_ is None or round_.closed_at is None:
            raise click.ClickException(f"there is no closed round {round_id}")
        same = results.recount(session, round_)
    click.echo("The ballots give the frozen result." if same else "The ballots do NOT give the frozen result.")
    raise SystemExit(0 if same else 1)


@cli.command()
@click.option("--rebuild", is_flag=True, help="Add the monthly figures up from the moves again first.")
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


@cli.command()
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="Only what was made since that day.")
@click.option("--dry-run", is_flag=True, help="Say what differs, mend nothing.")
@click.option("--only", type=click.Choice(COMPARED), multiple=True, help="Only this kind; may be repeated.")
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
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


@cli.command()
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="Thirty days back unless given.")
def replay(since: "datetime | None") -> None:
    """Apply events Stripe could not deliver; status 1 when there were new ones, 2 unfinished, 3 some are left."""
    from patronage.foundation.web.house import here
    from patronage.giving.duties import policy_of
    from patronage.operation import reconciling

    policy = policy_of(here().settings)
    moment = reconciling.moment_of(since.date() if since else None, policy.zone)
    raise SystemExit(reconciling.replay(here().tools, policy, moment))


@cli.command()
def doctor() -> None:
    """Look at the installation: database, Stripe, mail, staff; status 1 when something is wrong."""
    from patronage.foundation.web.house import here
    from patronage.operation.doctor import examine

    ill = False
    for finding in examine(here().tools, here().settings):
        click.echo(f"{'well ' if finding.well else 'WRONG'}  {finding.name:<11} {finding.says}")
        ill |= not finding.well
    raise SystemExit(1 if ill else 0)


@cli.group()
def staff() -> None:
    """Who works here and what they may do."""


@staff.command("add")
@click.argument("email")
@click.option("--role", type=click.Choice(["editor", "bookkeeper", "admin"]), required=True)
def staff_add(email: str, role: str) -> None:
    """Give EMAIL a role; they sign in by a mailed link like everybody else."""
    from patronage.foundation.refused import Refused
    from patronage.foundation.web.house import tools
    from patronage.people.staff import grant

    try:
        with tools().database.transaction() as session:
            grant(session, email, role, tools().clock.now())
    except Refused as refusal:
        raise click.ClickException(str(refusal)) from refusal
    click.echo(f"{email} is now {role}.")


@cli.command("sign-in-link")
@click.argument("email")
def sign_in_link(email: str) -> None:
    """Print a one-time link that signs EMAIL in, for when mail does not arrive."""
    from patronage.foundation.refused import Refused
    from patronage.foundation.web.house import tools
    from patronage.operation.links import sign_in_link_for

    try:
        click.echo(sign_in_link_for(tools(), email))
    except Refused as refusal:
        raise click.ClickException(str(refusal)) from refusal


@cli.command()
@click.option("--dead", is_flag=True, help="Only what was given up.")
@click.option("--again", is_flag=True, help="Let what was given up be tried again.")
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


def main() -> None:
    """Run the command; an interrupt is an end, not a fault, and a database that is not there is one sentence."""
    from patronage.operation.supervised import end_with_supervisor

    end_with_supervisor()
    try:
        cli.main(prog_name="patronage")
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        from patronage.foundation.database import is_unavailable

        if not is_unavailable(error):
            raise
        reason = str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
        click.echo(f"The database cannot be used: {reason}", err=True)
        click.echo("Is it there, and up to date? “patronage migrate” brings it up to date.", err=True)
        sys.exit(NO_DATABASE)


if __name__ == "__main__":
    main()
