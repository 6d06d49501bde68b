"""What a round, a ballot or a topic may answer with a no."""

from flask_babel import lazy_gettext as _l

from patronage.foundation.refused import Refused, Why


class NoSuchRound(Refused):
    """There is no such round, or it is still a draft."""

    why = Why.NOT_FOUND
    reason = _l("There is no such vote here.")


class NoSuchTopic(Refused):
    """There is no such topic."""

    why = Why.NOT_FOUND
    reason = _l("There is no such topic here.")


class NotEntitled(Refused):
    """The person is no patron with a settled payment."""

    why = Why.NOT_ALLOWED
    reason = _l("Only patrons whose payment has settled can do this. A new payment usually settles within a minute.")


class RoundClosed(Refused):
    """Voting has ended, or the round is closed already."""

    why = Why.TOO_LATE
    reason = _l("This vote has closed, so nothing was changed. A ballot you cast before it closed counts as it was.")


class NotOpenYet(Refused):
    """Voting has not begun."""

    why = Why.CONFLICT
    reason = _l("Voting has not begun yet. Please come back when it opens.")


class TooManyTicks(Refused):
    """More topics were ticked than the round allows."""

    def __init__(self, most: int) -> None:
        super().__init__(_l("You can tick at most %(most)s topics. Untick some and send your ballot again.", most=most))


class NotAChoice(Refused):
    """A ballot names something that is not on the ballot."""

    reason = _l("Your ballot named a topic that is not part of this vote. Reload the page and choose again.")


class ChangedTooOften(Refused):
    """A ballot was changed as often as anybody who thinks about it would, and many times more."""

    why = Why.CONFLICT
    reason = _l("You have changed this ballot a thousand times. It counts as you cast it last.")


class NotASubmission(Refused):
    """The one-time id of the form is missing or has a wrong shape."""

    reason = _l("This form was incomplete. Reload the page and send your ballot again.")


class AlreadyOpen(Refused):
    """The round has been opened, and what was voted on may not change."""

    why = Why.CONFLICT
    reason = _l("This vote is open, so its topics and rules can no longer change.")


class TooFewTopics(Refused):
    """A round needs at least two topics, and more than there are places."""

    reason = _l("A vote needs at least two topics, and more topics than places.")


class OverBeforeItOpens(Refused):
    """The closing time has passed already."""

    reason = _l("The closing time has passed already. Choose a later one.")


class DatesOutOfOrder(Refused):
    """The round would close before it opens."""

    reason = _l("Voting has to close after it opens.")


class NotUsableHere(Refused):
    """The topic is not in a state in which this can be done."""

    why = Why.CONFLICT
    reason = _l("This topic has moved on in the meantime, so that is no longer possible. Reload the page.")


class ReasonMissing(Refused):
    """A topic is declined without a reason."""

    reason = _l("Say in a sentence why, so that whoever suggested it can understand.")


class NotAStoryAddress(Refused):
    """The address of a story is not one a reader can open."""

    reason = _l("Write the full address of the story, beginning with https://")


class NotGrantedByName(NotEntitled):
    """They are a patron by a complimentary membership alone, and the round does not admit these."""

    reason = _l("In this vote complimentary memberships have no ballot.")


class BelowLeastTier(NotEntitled):
    """They give less than the level of support the round asks for."""

    reason = _l("This vote is for a higher level of support than yours. Its terms stand beside the ballot.")


class TooShortAPatron(NotEntitled):
    """They have not been a patron for as long as the round asks for."""

    def __init__(self, days: int) -> None:
        super().__init__(_l("This vote is for those who have been patrons for at least %(days)s days.", days=days))


class NotOnTheList(NotEntitled):
    """The round's electorate is frozen, and they are not in it."""

    reason = _l("The list of voters was drawn up before this vote began, and nobody is added to it. You are not on it.")


class ListNotDrawnUp(NotEntitled):
    """The round's electorate is to be frozen and has not been written yet."""

    why = Why.CONFLICT
    reason = _l("The list of voters is just being drawn up. Please come back in a few minutes.")


class CutOffTooLate(Refused):
    """The list of voters would be drawn up after voting begins."""

    reason = _l("The cut-off has to lie before voting opens, so that the list is ready by then.")


class CostsMissing(Refused):
    """A budget is to be shared out, and some topics have no cost."""

    def __init__(self, titles: list[str]) -> None:
        reason = _l("To share out a budget, every topic needs a cost in reporter days. Missing: %(titles)s.",
                    titles=", ".join(titles))  # fmt: skip
        super().__init__(reason)


class BudgetTooSmall(Refused):
    """The budget pays for none of the topics."""

    reason = _l("The budget pays for none of the topics. Raise it, or leave it out.")


class LevelWithoutPrice(Refused):
    """Nobody can be on the level the round asks for."""

    reason = _l("The level of support has no price any more, so nobody could vote. Choose another one.")


class WeightsFall(Refused):
    """A higher level of support would weigh less than a lower one."""

    reason = _l("A higher level of support cannot weigh less than a lower one.")


class NotOpenNow(Refused):
    """Letters to voters are written while a round takes votes."""

    why = Why.CONFLICT
    reason = _l("This vote does not take ballots now, so nobody is written to.")


class RemindedAlready(Refused):
    """An editor's reminder is sent once."""

    why = Why.CONFLICT
    reason = _l("Those who have not voted were reminded already. It is done once, so that nobody is pressed.")


class NotYoursToSay(Refused):
    """A reason is given for a topic that is not ticked, too long, or one too many."""

    why = Why.CONFLICT
    reason = _l("You can say why once for each topic you ticked, in up to 280 characters, until voting closes.")
