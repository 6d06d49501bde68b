"""Commands about who works here; each imports what it needs when it is asked for."""

import click
from flask.cli import AppGroup


@click.group(cls=AppGroup)
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
