"""What the read API takes and gives, as pydantic models: the OpenAPI document is made of them."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

from patronage.foundation.stamps import to_the_second

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOST = 100


Moment = Annotated[
    datetime,
    PlainSerializer(to_the_second),
    Field(json_schema_extra={"type": "string", "format": "date-time"}, description="UTC, to the second."),
]
State = Literal["announced", "open", "closed", "certified"]


class Shape(BaseModel):
    """What all shapes have in common: what checks them is built when one is first used, not when a process starts."""

    model_config = ConfigDict(defer_build=True)


class Page(Shape):
    """Which part of a list is wanted."""

    limit: int = Field(20, ge=1, le=MOST, description="How many at once.")
    cursor: str | None = Field(
        None,
        pattern=r"^[0-9]{1,16}\.[0-9]{1,18}$",
        description="`next_cursor` of the page before. It says where to go on, whatever has been added since.",
    )

    @property
    def after(self) -> tuple[datetime, int] | None:
        """The moment and the id of the last line of the page before."""
        if self.cursor is None:
            return None
        moment, _, row = self.cursor.partition(".")
        return EPOCH + timedelta(microseconds=int(moment)), int(row)


def cursor_of(moment: datetime, row_id: int) -> str:
    """Return the cursor of a page that ended with this line."""
    return f"{(moment - EPOCH) // timedelta(microseconds=1)}.{row_id}"


class Problem(Shape):
    """An error (RFC 9457)."""

    type: str = Field(description="`about:blank`: the status says it all.")
    title: str
    status: int
    detail: str | None = None


class Round(Shape):
    """A vote. Nothing of it is counted before it is closed."""

    id: int
    title: str
    state: State
    places: int = Field(description="How many topics are chosen.")
    most_ticks: int = Field(description="How many topics one voter may tick.")
    opens_at: Moment
    closes_at: Moment
    closed_at: Moment | None
    certified_at: Moment | None
    url: str = Field(description="Its page for people.")
    result_url: str | None = Field(description="Where its result is, once it is closed.")


class Choice(Shape):
    """A topic on the ballot, in the words that were voted on."""

    position: int
    topic: int
    title: str
    summary: str
    reporter_days: int | None


class RoundInFull(Round):
    """A vote with the topics on its ballot, in the order of the ballot paper."""

    topics: list[Choice]
    result_sha256: str | None = Field(description="The SHA-256 of the latest result, once there is one.")
    result_version: int | None


class Rounds(Shape):
    """A page of votes, newest first."""

    items: list[Round]
    next_cursor: str | None = Field(description="For the next page; null on the last.")


class Story(Shape):
    """A story that came of a vote."""

    topic: int
    title: str
    language: str
    story_url: str | None
    published_at: Moment


class Stories(Shape):
    """A page of stories, newest first."""

    items: list[Story]
    next_cursor: str | None = Field(description="For the next page; null on the last.")


class Counted(Shape):
    """A topic of a result with its votes: on how many ballots it was ticked."""

    model_config = ConfigDict(extra="allow")
    position: int
    topic: int
    title: str
    votes: int


class Ballots(Shape):
    """How many ballots there were, and how many with nothing ticked."""

    model_config = ConfigDict(extra="allow")
    cast: int
    blank: int


class Electorate(Shape):
    """How many could vote."""

    model_config = ConfigDict(extra="allow")
    size: int


class Result(Shape):
    """A frozen result: its canonical JSON, byte for byte, of which the ETag is the SHA-256.

    `schema` names the version; a newer one has more fields.
    """

    model_config = ConfigDict(extra="allow")
    schema_: str = Field(alias="schema")
    places: int
    ballots: Ballots
    electorate: Electorate
    topics: list[Counted]
    ranking: list[int] = Field(description="Positions, from most votes to fewest.")
    slate: list[int] = Field(description="The positions chosen.")
    ties: list[list[int]]
    tie_seed: str | None
