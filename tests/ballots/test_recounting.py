"""`patronage recount`: the ballots, counted again, give the frozen result or the command says so."""

from datetime import datetime

from flask import Flask
from sqlalchemy import text

from patronage.ballots import rounds
from patronage.ballots.models import Round
from patronage.cli import cli
from patronage.foundation.database import Database
from patronage.foundation.settings import Settings
from tests.ballots.polls import a_patron, votes


def _recount(app: Flask, round_id: int) -> tuple[int, str]:
    told = app.test_cli_runner().invoke(cli, ["recount", str(round_id)])
    return told.exit_code, told.output


def _closed(database: Database, settings: Settings, round_: Round, now: datetime) -> None:
    with database.transaction() as session:
        for choices in ("1", "1,2", "3"):
            votes(session, round_, a_patron(session, now), choices, now)
    with database.transaction() as session:
        rounds.close_round(session, round_.id, settings.secret_key.get_secret_value(), None, now)


def test_an_untouched_round_gives_its_frozen_result(
    app: Flask, database: Database, settings: Settings, round_: Round, now: datetime
) -> None:
    _closed(database, settings, round_, now)
    assert _recount(app, round_.id) == (0, "The ballots give the frozen result.\n")


def test_a_ballot_changed_behind_our_back_is_noticed(
    app: Flask, database: Database, settings: Settings, round_: Round, now: datetime
) -> None:
    _closed(database, settings, round_, now)
    with database.transaction() as session:
        session.execute(text("UPDATE ballot SET choices = '2' WHERE choices = '3'"))
    status, told = _recount(app, round_.id)
    assert status == 1
    assert "do NOT give" in told


def test_an_open_round_is_not_counted(app: Flask, round_: Round) -> None:
    status, told = _recount(app, round_.id)
    assert status == 1
    assert "no closed round" in told
