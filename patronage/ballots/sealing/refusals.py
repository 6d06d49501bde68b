"""What seals, receipts and certificates may answer with a no."""

from flask_babel import lazy_gettext as _l

from patronage.foundation.refused import Refused, Why


class NotAReceipt(Refused):
    """What was typed is no receipt code."""

    reason = _l("This is no receipt code. It looks like 12.1.3-7.ABCD… and stands on the page after your ballot.")


class NotClosedYet(Refused):
    """The round takes votes, or has not been opened."""

    why = Why.CONFLICT
    reason = _l("This vote has not closed yet, so there is nothing to certify.")


class CertifiedAlready(Refused):
    """The round is certified, which happens once."""

    why = Why.CONFLICT
    reason = _l("This result has been certified already.")


class DoesNotAgree(Refused):
    """A recount differs from the frozen result."""

    why = Why.CONFLICT

    def __init__(self, problems: list[str]) -> None:
        super().__init__(
            _l("The ballots, counted again, do not give the frozen result, so it was not certified. Ask the operator "
               "to run “patronage recount”.")
        )  # fmt: skip
        self.problems = problems


class BallotsDiffer(Refused):
    """The ballots in the database are not those that were counted at closing."""

    why = Why.CONFLICT
    reason = _l("The ballots are not those that were counted at closing. Bring them back from a backup first.")


class NothingToCorrect(Refused):
    """The ballots give the frozen result."""

    why = Why.CONFLICT
    reason = _l("The ballots give the frozen result, so there is nothing to correct.")


class WhyMissing(Refused):
    """A correction comes without its reason."""

    reason = _l("Say in a sentence what was wrong; it is published beside the result.")
