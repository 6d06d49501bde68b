"""The one way a rule says no: a sentence for the person, and no word of HTTP."""

from enum import StrEnum
from typing import Any


def translatable(sentence: str) -> str:
    """Return `sentence` as it is: a mark for the translators, where the web that translates is not known."""
    return sentence


class Why(StrEnum):
    """What kind of no it is; the web maps each kind to one status."""

    INVALID = "invalid"  # what was given cannot be used as it stands
    NOT_FOUND = "not found"  # there is no such thing, or not for this person
    NOT_ALLOWED = "not allowed"  # this person may not
    TOO_LATE = "too late"  # it was possible once
    CONFLICT = "conflict"  # something else happened in between
    TOO_OFTEN = "too often"  # try again later
    UNAVAILABLE = "unavailable"  # a part we depend on does not answer; nothing was lost


class Refused(Exception):
    """A rule said no.

    Subclasses are sentences (`RoundClosed`, `NotEntitled`); `reason` is shown to the person as it is, so it says
    what happened and what can be done. It may be a lazily translated string, or one marked `translatable`, into
    which `parts` are filled ("%(amount)s"); `languages.said` puts either into the language of whoever reads it.
    """

    why: Why = Why.INVALID
    reason: Any = translatable("That is not possible.")

    def __init__(self, reason: Any | None = None, **parts: object) -> None:
        self.parts = parts
        if reason is not None:
            self.reason = reason
        super().__init__(reason)

    def __str__(self) -> str:
        return str(self.reason) % self.parts if self.parts else str(self.reason)
