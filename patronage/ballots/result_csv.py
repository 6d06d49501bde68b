"""A result as CSV for a spreadsheet, in which no cell is ever a formula."""

import csv
import io
from fractions import Fraction

from patronage.ballots.frozen import Frozen
from patronage.foundation.sheets import MARK, plain

HEAD = ("place", "topic_id", "topic", "votes", "share_of_ballots_percent", "chosen")


def written(result: Frozen) -> str:
    """Return `result` as CSV (RFC 4180, UTF-8 with a mark so that spreadsheets read it so)."""
    sheet = io.StringIO()
    writer = csv.writer(sheet)
    writer.writerow(HEAD)
    for line in result.lines:
        chosen = "yes" if line.chosen else "no"
        writer.writerow([line.place, line.topic_id, plain(line.title), line.votes, percent(line.share), chosen])
    return MARK + sheet.getvalue()


def percent(share: Fraction) -> str:
    """Return `share` in percent with one decimal, rounded half up, without floats."""
    tenths = (share * 1000 + Fraction(1, 2)).__floor__()
    return f"{tenths // 10}.{tenths % 10}"
