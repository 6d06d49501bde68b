"""Commands about votes; each imports what it needs when it is asked for, so that `--help` is there at once."""

import click
from flask.cli import with_appcontext


@click.command()
@click.argument("round_id", metavar="ROUND", type=int)
@with_appcontext
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
