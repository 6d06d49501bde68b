"""`patronage count`: counts an election from a Pabulib file by one of the rules and says the outcome as JSON."""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from patronage.ballots.counting.pabulib import Election
    from patronage.ballots.counting.profile import Profile

RULES = ("approval", "phragmen", "equal-shares")
SEATS = 5


@dataclass(frozen=True)
class Counted:
    """Positions on the slate, in order, and those that were tied for a place on it."""

    slate: Sequence[int]
    ties: Sequence[Sequence[int]]


@click.command()
@click.argument("file", type=click.Path())
@click.option("--rule", type=click.Choice(RULES), required=True, help="How to count.")
@click.option(
    "--seats", type=click.IntRange(1), metavar="K", help=f"How many places; {SEATS} unless given, none by equal-shares."
)
def count(file: str, rule: str, seats: int | None) -> None:
    """Count the approval ballots of FILE, an election in Pabulib's format (.pb), and print the outcome as JSON."""
    election = _read(file)
    for warning in election.warnings:
        click.echo(f"Warning: {warning}", err=True)
    if rule == "equal-shares" and seats is not None:
        click.echo("Warning: equal-shares fills a budget, not seats; --seats changes nothing", err=True)
    places = None if rule == "equal-shares" else seats or SEATS
    counted = _counted(election, rule, places or 0)
    ids = [project.id for project in election.projects]
    outcome = {
        "rule": rule,
        "seats": places,
        "approvals": dict(zip(ids, election.profile.votes.values(), strict=True)),
        "slate": [ids[position - 1] for position in counted.slate],
        "ties": [[ids[position - 1] for position in tie] for tie in counted.ties],
    }
    click.echo(json.dumps(outcome, ensure_ascii=False))


def _read(path: str) -> "Election":
    from patronage.ballots.counting import pabulib

    try:
        with Path(path).open(encoding="utf-8-sig", newline="") as file:
            return pabulib.read(file)
    except pabulib.BrokenFile as broken:
        raise click.ClickException(f"{path}, {broken}") from None
    except OSError as error:
        raise click.ClickException(f"{path} cannot be read: {error.strerror}") from None


def _counted(election: "Election", rule: str, places: int) -> Counted:
    """Count; among equals the project that stands first in the file wins."""
    from patronage.ballots.counting import equal_shares, phragmen

    profile = election.profile
    if rule == "approval":
        return _approval(profile, places)
    if rule == "phragmen":
        order = phragmen.filled(profile, places, profile.positions)
        return Counted(order.order, order.ties)
    if election.budget is None:
        raise click.ClickException("equal-shares needs a budget, and META names none")
    free = next((project for project in election.projects if not project.cost), None)
    if free:
        raise click.ClickException(f"line {free.line}: equal-shares needs costs above zero, {free.id!r} costs nothing")
    told = _raised if sys.stderr.isatty() else None
    slate = equal_shares.add1(profile, election.costs, election.budget, 1, profile.positions, told)
    if told:
        click.echo(err=True)
    return Counted(slate.slate, slate.ties)


def _raised(steps: int) -> None:
    click.echo(f"\rEvery purse raised by {steps:,} …", err=True, nl=False)


def _approval(profile: "Profile", places: int) -> Counted:
    votes = profile.votes
    ranking = sorted((position for position in profile.positions if votes[position]), key=lambda each: -votes[each])
    slate = ranking[:places]
    runs = (list(run) for _, run in groupby(ranking, key=votes.__getitem__))
    return Counted(slate, [run for run in runs if len(run) > 1 and run[0] in slate])
