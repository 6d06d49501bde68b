"""Commands about votes; each imports what it needs when it is asked for, so that `--help` is there at once."""

from typing import TYPE_CHECKING

import click
from flask.cli import with_appcontext

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from patronage.ballots.models import Round

ROUND = click.IntRange(1, 2**63 - 1)  # what a column of ids holds


@click.command()
@click.argument("round_id", metavar="ROUND", type=ROUND, required=False)
@click.option("--all", "every", is_flag=True, help="Every round that has closed.")
@with_appcontext
def recount(round_id: int | None, every: bool) -> None:
    """Count the ballots of a closed ROUND again and compare with its frozen result; status 1 when they differ.

    Checked as well: the digest of the ballots, every batch of the sealed chain, and the list of leaves.
    """
    from sqlalchemy import select

    from patronage.ballots.models import Round
    from patronage.foundation.web.house import tools

    if every == (round_id is not None):
        raise click.UsageError("name one ROUND, or --all of them")
    closed = select(Round).where(Round.closed_at.is_not(None)).order_by(Round.id)
    with tools().database.reading() as session:
        found = session.scalars(closed if every else closed.where(Round.id == round_id)).all()
        if not found and not every:
            raise click.ClickException(f"there is no closed round {round_id}")
        differing = [_tell(session, round_, every) for round_ in found].count(False)
    if every:
        click.echo(f"{differing} of {len(found)} results differ." if differing else f"All {len(found)} results hold.")
    raise SystemExit(1 if differing else 0)


def _tell(session: "Session", round_: "Round", named: bool) -> bool:
    from patronage.ballots.sealing import recounting

    problems, name = recounting.problems(session, round_), f"Round {round_.id}: " if named else ""
    click.echo(f"{name}The ballots {'do NOT give' if problems else 'give'} the frozen result.")
    for problem in problems:
        click.echo(f"  {problem}", err=True)
    return not problems


@click.command()
@click.argument("round_id", metavar="ROUND", type=ROUND)
@click.option("--reason", required=True, help="What was wrong, in a sentence; it is published beside the result.")
@with_appcontext
def correct(round_id: int, reason: str) -> None:
    """Count the same ballots of ROUND again and write a new version of its result, which stays beside the wrong one.

    For a result that was counted wrongly. Refused where the ballots are not those of closing, or give the result.
    """
    from patronage.ballots.sealing import correcting
    from patronage.foundation.refused import Refused
    from patronage.foundation.web.house import tools

    try:
        with tools().database.transaction() as session:
            row = correcting.correct(session, round_id, reason, None, tools().clock.now())
            click.echo(f"Version {row.version} is written: {row.sha256}")
    except Refused as refusal:
        raise click.ClickException(str(refusal)) from None
