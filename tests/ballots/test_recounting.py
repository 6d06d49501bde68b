"""`patronage recount`: the ballots, counted again, give the frozen result or the command says so."""

from datetime import datetime

import pytest
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


def test_all_closed_rounds_are_counted_and_what_differs_is_named(
    app: Flask, database: Database, settings: Settings, round_: Round, now: datetime
) -> None:
    told = app.test_cli_runner().invoke(cli, ["recount", "--all"])
    assert (told.exit_code, told.output) == (0, "All 0 results hold.\n")
    _closed(database, settings, round_, now)
    assert app.test_cli_runner().invoke(cli, ["recount", "--all"]).output.endswith("All 1 results hold.\n")
    with database.transaction() as session:
        session.execute(text("DELETE FROM ballot WHERE choices = '3'"))
    told = app.test_cli_runner().invoke(cli, ["recount", "--all"])
    assert told.exit_code == 1
    assert "“topics” is not what the ballots give" in told.output
    assert "1 of 1 results differ" in told.output


def test_a_recount_names_one_round_or_all_of_them(app: Flask) -> None:
    for given in ([], ["1", "--all"]):
        assert app.test_cli_runner().invoke(cli, ["recount", *given]).exit_code == 2


@pytest.mark.parametrize("typed", ["0", "x", "9223372036854775808"])
def test_what_no_round_can_be_called_is_told_in_a_line(app: Flask, typed: str) -> None:
    for command in (["recount", typed], ["correct", typed, "--reason", "It was wrong."]):
        told = app.test_cli_runner().invoke(cli, command)
        assert told.exit_code == 2
        assert "Error: Invalid value for 'ROUND'" in told.output


def test_a_result_that_holds_is_not_corrected(
    app: Flask, database: Database, settings: Settings, round_: Round, now: datetime
) -> None:
    _closed(database, settings, round_, now)
    told = app.test_cli_runner().invoke(cli, ["correct", str(round_.id), "--reason", "It was wrong."])
    assert told.exit_code == 1
    assert "nothing to correct" in told.output
