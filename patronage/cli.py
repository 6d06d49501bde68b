"""The `patronage` command; it only calls rooms, and imports each when it is asked for."""

import os
import sys
from typing import TYPE_CHECKING, Any

import click
from flask import current_app
from flask.cli import FlaskGroup

from patronage import __version__
from patronage.ballots.commands import correct, recount
from patronage.ballots.counting.command import count
from patronage.operation.commands import check, doctor, figures, jobs, reconcile, rehearse, replay, sign_in_link
from patronage.people.commands import staff

if TYPE_CHECKING:
    from flask import Flask

    from patronage.foundation.settings import Settings

NO_DATABASE = 3


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


for command in (check, correct, count, doctor, figures, jobs, recount, reconcile, replay, sign_in_link, staff):
    cli.add_command(command)
sandbox.add_command(rehearse)


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
