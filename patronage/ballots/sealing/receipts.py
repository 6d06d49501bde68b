"""Receipts: what a voter's code says, and what became of the ballot it stands for."""

import re
from base64 import b32decode
from binascii import Error as NotBase32
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from patronage.ballots.keys import TOKEN_BYTES
from patronage.ballots.models import Ballot, BallotEvent, Round
from patronage.ballots.sealing.refusals import NotAReceipt
from patronage.ballots.voting import Receipt

LONGEST = 400
LARGEST_ID = 2**63 - 1
SHAPE = re.compile(r"([0-9]{1,19})\.([0-9]{1,9})\.([0-9]{1,6}(?:-[0-9]{1,6}){0,49})\.([A-Z2-7]{52})")
PADDING = "===="


class Finding(StrEnum):
    """What is known of a ballot by its receipt."""

    WAITING = "waiting"  # received; the list of leaves is published at closing
    COUNTED = "counted"  # on the published list, and it is the one that counts
    REPLACED = "replaced"  # received, and a later ballot of the same voter took its place
    TAKEN_OUT = "taken out"  # received, and taken out before closing since its payment was given back
    UNKNOWN = "unknown"  # no such ballot was received


def read(code: str) -> Receipt:
    """Return the receipt `code` stands for; white space within it does not matter. Raises `NotAReceipt`."""
    found = SHAPE.fullmatch("".join(code[:LONGEST].split()).upper())
    if found is None or int(found[1]) > LARGEST_ID:
        raise NotAReceipt
    try:
        secret = b32decode(found[4] + PADDING)
    except NotBase32:
        raise NotAReceipt from None
    choices = "" if found[3] == "0" else found[3].replace("-", ",")
    return Receipt(int(found[1]), secret[:TOKEN_BYTES], int(found[2]), choices, secret[TOKEN_BYTES:])


def look_up(session: Session, receipt: Receipt) -> tuple[Finding, Round | None]:
    """Return what became of the ballot of `receipt`, and its round if it was received."""
    known = select(BallotEvent.seq).where(BallotEvent.round_id == receipt.round_id, BallotEvent.leaf == receipt.leaf)
    round_ = session.get(Round, receipt.round_id)
    if round_ is None or session.scalar(known.limit(1)) is None:
        return Finding.UNKNOWN, None
    mine = (Ballot.round_id == receipt.round_id, Ballot.token == receipt.token)
    ballot = session.execute(select(Ballot.version, Ballot.choices).where(*mine)).one_or_none()
    if ballot is None:
        return Finding.TAKEN_OUT, round_
    if (ballot.version, ballot.choices) != (receipt.version, receipt.choices):
        return Finding.REPLACED, round_
    return Finding.COUNTED if round_.closed_at else Finding.WAITING, round_
