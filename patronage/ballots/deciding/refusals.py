"""What a decision, or a letter to voters, may be answered with a no."""

from flask_babel import lazy_gettext as _l

from patronage.foundation.refused import Refused, Why


class NothingToDecide(Refused):
    """The round has no frozen result yet."""

    why = Why.CONFLICT
    reason = _l("This vote has no result yet. Decide once it has closed.")


class DepartureNeedsReason(Refused):
    """A decision departs from the result and says not why; `topic_ids` are the topics it concerns."""

    reason = _l("Say why, wherever you depart from the result. Your words are published beside it.")

    def __init__(self, topic_ids: frozenset[int]) -> None:
        super().__init__()
        self.topic_ids = topic_ids


class StoryIsOut(Refused):
    """A topic whose story is published cannot be taken back."""

    why = Why.CONFLICT
    reason = _l("The story on “%(title)s” is out, so it stays chosen.")


class NoSuchTelling(Refused):
    """There is nothing of that number to tell."""

    why = Why.NOT_FOUND
    reason = _l("There is no such letter here.")


class ToldAlready(Refused):
    """The letters are on their way."""

    why = Why.TOO_LATE
    reason = _l("The letters were sent already. Nobody is written to twice.")


class NoteMissing(Refused):
    """A letter about a story without a word of the desk's own."""

    reason = _l("Write at least a sentence to those who asked for the story.")
