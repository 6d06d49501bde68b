"""Who ticked the chosen topics, by band of voters: made once, at closing, while a ballot can still be linked.

Nothing that tells of few: the numbers of fewer than ten voters, and those they could be computed from, stay hidden.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from patronage.ballots import keys
from patronage.ballots.models import Electorate
from patronage.ballots.sealing.raw import Cast
from patronage.foundation.streaming import portions

LEAST = 10
DIMENSIONS = ("tier", "tenure", "language")
UNKNOWN = "unknown"
CODE_BYTES = 4

Bands = tuple[str | None, ...]
Count = tuple[int, int, int]  # number of the bands, topics of the slate as bits, voters


def linked(session: Session, round_id: int, key: bytes) -> tuple[list[bytes], list[Bands]]:
    """Return each voter's token followed by the number of their bands, sorted, and the bands by number.

    Packed as bytes: a million voters take some 60 MB, and are matched with ballots read in the order of tokens.
    """
    voter = Electorate.__table__.c
    query = select(voter.person_id, voter.tier_band, voter.tenure_band, voter.lang)
    query = query.where(voter.round_id == round_id, voter.voted)
    numbers: dict[Bands, int] = {}
    links, token_of = [], keys.tokens(key)
    for portion in portions(session, query):
        for person_id, *bands in portion:
            number = numbers.setdefault(tuple(bands), len(numbers))
            links.append(token_of(person_id) + number.to_bytes(CODE_BYTES, "big"))
    links.sort()
    return links, list(numbers)


def counted(ballots: Iterable[Cast], links: Sequence[bytes], slate: Sequence[int]) -> Iterator[Count]:
    """Yield (number of the bands, which of `slate` were ticked as bits, how many), of ballots in order of tokens."""
    bit = {str(position): 1 << place for place, position in enumerate(slate)}.get
    found: Counter[tuple[int, int]] = Counter()
    waiting = iter(links)
    link = next(waiting, b"")
    for token, _version, choices, _weight in ballots:
        while link and link[: keys.TOKEN_BYTES] < token:
            link = next(waiting, b"")
        if link[: keys.TOKEN_BYTES] == token:
            mask = 0
            for position in choices.split(","):  # a million times, so not by a generator
                mask |= bit(position, 0)
            found[int.from_bytes(link[keys.TOKEN_BYTES :], "big"), mask] += 1
    for (number, mask), voters in found.items():
        yield number, mask, voters


def tables(
    counts: Iterable[tuple[int, int, int]], bands: Sequence[Bands], slate: Sequence[int]
) -> list[dict[str, Any]]:
    """Return the breakdowns as the canonical JSON holds them; a dimension with a single band says nothing."""
    seen = list(counts)
    made = [_table(dimension, place, seen, bands, slate) for place, dimension in enumerate(DIMENSIONS)]
    return [table for table in made if len(table["bands"]) > 1 and slate]


def _table(
    dimension: str, place: int, counts: list[Count], bands: Sequence[Bands], slate: Sequence[int]
) -> dict[str, Any]:
    voters: defaultdict[str, int] = defaultdict(int)
    ticked: defaultdict[str, list[int]] = defaultdict(lambda: [0] * len(slate))
    for number, mask, many in counts:
        name = bands[number][place] or UNKNOWN
        voters[name] += many
        for topic in range(len(slate)):
            ticked[name][topic] += many if mask >> topic & 1 else 0
    names = sorted(voters)
    shown = suppressed([voters[name] for name in names], [ticked[name] for name in names])
    lines = [{"name": name, "voters": many, "ticked": cells} for name, (many, cells) in zip(names, shown, strict=True)]
    return {"dimension": dimension, "positions": list(slate), "bands": lines}


def suppressed(voters: Sequence[int], ticked: Sequence[Sequence[int]]) -> list[tuple[int | None, list[int | None]]]:
    """Return each band's voters and its cells, None for those that are hidden.

    Hidden are a band of fewer than ten voters; a cell that fewer than ten voters of its band ticked, or that all but
    fewer than ten did (none and all are told); and since the sum over all bands is public, as many further cells of
    the same topic as it takes until those hidden are at least two and their sum tells of no fewer than ten either.
    """
    small = {band for band, many in enumerate(voters) if many < LEAST}
    unnamed = set(small)
    while unnamed and len(unnamed) < len(voters) and (len(unnamed) == 1 or _few(sum(voters[each] for each in unnamed))):
        unnamed.add(_smallest(voters, unnamed))
    topics = range(len(ticked[0]) if ticked else 0)
    hidden = [_hidden(voters, [cells[topic] for cells in ticked], small) for topic in topics]
    return [
        (
            None if band in unnamed else voters[band],
            [None if band in hidden[topic] else ticked[band][topic] for topic in topics],
        )
        for band in range(len(voters))
    ]


def _hidden(voters: Sequence[int], cells: Sequence[int], small: set[int]) -> set[int]:
    hidden = {band for band, x in enumerate(cells) if band in small or _few(x) or _few(voters[band] - x)}
    while hidden and len(hidden) < len(voters):
        ticked = sum(cells[band] for band in hidden)
        if len(hidden) > 1 and not _few(ticked) and not _few(sum(voters[band] for band in hidden) - ticked):
            break
        hidden.add(_smallest(voters, hidden))
    return hidden


def _smallest(voters: Sequence[int], but: set[int]) -> int:
    return min((band for band in range(len(voters)) if band not in but), key=lambda band: (voters[band], band))


def _few(many: int) -> bool:
    return 0 < many < LEAST
