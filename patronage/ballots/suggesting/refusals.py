"""What a suggestion, a backing or a merging may be answered with a no."""

from flask_babel import lazy_gettext as _l

from patronage.foundation.refused import Refused, Why


class NotToBeBacked(Refused):
    """The topic takes no backers any more, or not yet."""

    why = Why.CONFLICT
    reason = _l("This one takes no backers just now: it is being voted on, or has moved on. Reload the page.")


class IntoItself(Refused):
    """A suggestion cannot be merged into itself."""

    reason = _l("Choose another topic than the suggestion itself.")


class NotToBeMerged(Refused):
    """Only a suggestion can be merged, and only into what is not being voted on."""

    why = Why.CONFLICT
    reason = _l("Only suggestions are merged, and never into a topic that is being voted on or is past it.")


class NobodyNamed(Refused):
    """A topic is assigned to nobody."""

    reason = _l("Write who is on it.")
