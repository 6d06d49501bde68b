"""The pages on which a patron changes a pledge that goes on: amount, interval, day, a pause, the card."""

from flask import Blueprint, redirect, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from wtforms.fields import SelectChoice

from patronage.foundation.web.guards import patron
from patronage.foundation.web.house import link, settings, tools
from patronage.foundation.web.languages import language, said
from patronage.giving import terms as rules
from patronage.giving import wording
from patronage.giving.keeping import cards, changing
from patronage.giving.keeping.changing import Choice, NothingChanges, NotNow, Terms
from patronage.giving.keeping.forms import ChangeForm, DayForm, PauseForm
from patronage.giving.keeping.pressing import ACCOUNT, amount, bounds_of, day_of, gift_of, own, press
from patronage.giving.models import Interval, Pledge

blueprint = Blueprint("giving_altering", __name__)


@blueprint.get("/account/pledges/<reference>/change")
@patron
def ask_to_change(reference: str) -> ResponseReturnValue:
    """Show what is given, to be changed."""
    pledge = own(reference)
    return _change_shown(_change_form(pledge), pledge)


@blueprint.post("/account/pledges/<reference>/change")
@patron
def change(reference: str) -> ResponseReturnValue:
    """Say what will be charged and when, and, once that has been read, change it."""
    pledge = own(reference)
    form = _change_form(pledge)
    if not form.validate():
        return _change_shown(form, pledge), 422
    wanted = Terms(Interval(form.interval.data), form.amount_minor, form.fee_cover_minor)
    now = tools().clock.now()
    try:
        changing.check_terms(pledge, wanted, now)
    except (NothingChanges, NotNow) as refusal:
        return _change_shown(form, pledge, said(refusal)), 422
    if form.sure.data != "yes":
        return _reviewed(pledge, form, wanted)
    done = _("From the next payment on you give %(gift)s. A letter confirms it.", gift=gift_of(pledge, wanted))
    return press(pledge, changing.change(pledge, wanted, now), done)


def _change_form(pledge: Pledge) -> ChangeForm:
    typed = rules.as_typed(pledge.amount_minor, pledge.currency)
    known = {"interval": pledge.interval.value, "amount": typed, "cover_fees": pledge.fee_cover_minor > 0}
    return ChangeForm(data=known).within(pledge.currency, settings(), bounds_of(pledge))


def _change_shown(form: ChangeForm, pledge: Pledge, problem: str | None = None) -> str:
    return render_template(
        "giving/keeping/change.html",
        form=form,
        pledge=pledge,
        gift=gift_of(pledge),
        problem=problem,
        next_on=changing.next_charge(pledge),
    )


def _reviewed(pledge: Pledge, form: ChangeForm, wanted: Terms) -> str:
    """Return the page that says what is about to change, with the answers in its button."""
    answers = {"interval": str(wanted.interval), "amount": rules.as_typed(wanted.amount_minor, pledge.currency)}
    answers |= {"cover_fees": "y" if form.cover_fees.data else "", "sure": "yes"}
    return render_template(
        "giving/keeping/change_review.html",
        pledge=pledge,
        before=gift_of(pledge),
        after=gift_of(pledge, wanted),
        total=amount(pledge, wanted.total_minor),
        fee=amount(pledge, wanted.fee_cover_minor) if wanted.fee_cover_minor else None,
        button=wording.button(wanted.interval, amount(pledge, wanted.total_minor)),
        next_on=changing.next_charge(pledge),
        answers={name: value for name, value in answers.items() if value},
    )


@blueprint.get("/account/pledges/<reference>/date")
@patron
def ask_for_day(reference: str) -> ResponseReturnValue:
    """Show the days on which a pledge can be charged, with the next payment each."""
    pledge = own(reference)
    return _day_shown(_day_form(pledge), pledge)


@blueprint.post("/account/pledges/<reference>/date")
@patron
def move(reference: str) -> ResponseReturnValue:
    """Move the next payment, and all that follow, to another day of the month."""
    pledge = own(reference)
    form = _day_form(pledge)
    if not form.validate():
        return _day_shown(form, pledge), 422
    zone, now = settings().zone, tools().clock.now()
    try:
        wish = changing.move(pledge, form.day.data, zone, now)
    except NothingChanges as refusal:
        return _day_shown(form, pledge, said(refusal)), 422
    when = next(each for each in changing.days(pledge, zone, now) if each.value == form.day.data)
    return press(pledge, wish, _("The next payment is on %(day)s. A letter confirms it.", day=day_of(when.charge_at)))


def _day_form(pledge: Pledge) -> DayForm:
    """Return the form, its choices filled in. Raises `NotNow`."""
    zone, now = settings().zone, tools().clock.now()
    charged_on = changing.next_charge(pledge)
    form = DayForm(data={"day": charged_on.astimezone(zone).day if charged_on else None})
    form.day.choices = [SelectChoice(each.value, _day_in_words(each)) for each in changing.days(pledge, zone, now)]
    return form


def _day_in_words(choice: Choice) -> str:
    ordinal = wording.ordinal(choice.value) if language() == "en" else str(choice.value)
    return str(_("%(ordinal)s: next payment on %(day)s", ordinal=ordinal, day=day_of(choice.charge_at)))


def _day_shown(form: DayForm, pledge: Pledge, problem: str | None = None) -> str:
    return render_template(
        "giving/keeping/date.html",
        form=form,
        pledge=pledge,
        gift=gift_of(pledge),
        problem=problem,
        next_on=changing.next_charge(pledge),
    )


@blueprint.get("/account/pledges/<reference>/pause")
@patron
def ask_to_pause(reference: str) -> ResponseReturnValue:
    """Show for how long a pledge can rest, with the next payment each."""
    pledge = own(reference)
    return _pause_shown(_pause_form(pledge), pledge)


@blueprint.post("/account/pledges/<reference>/pause")
@patron
def pause(reference: str) -> ResponseReturnValue:
    """Let a pledge rest for some months."""
    pledge = own(reference)
    form = _pause_form(pledge)
    if not form.validate():
        return _pause_shown(form, pledge), 422
    now = tools().clock.now()
    until = next(each for each in changing.pauses(pledge, now) if each.value == form.months.data)
    done = _("Your pledge is paused. The next payment is on %(day)s.", day=day_of(until.charge_at))
    return press(pledge, changing.pause(pledge, form.months.data, now), done)


def _pause_form(pledge: Pledge) -> PauseForm:
    """Return the form, its choices filled in. Raises `NotNow`."""
    form = PauseForm()
    form.months.choices = [
        SelectChoice(each.value, _months(each.value)) for each in changing.pauses(pledge, tools().clock.now())
    ]
    return form


def _months(count: int) -> str:
    return str(ngettext("%(num)d month", "%(num)d months", count))


def _pause_shown(form: PauseForm, pledge: Pledge) -> str:
    choices = changing.pauses(pledge, tools().clock.now())
    notes = {str(each.value): _("Next payment on %(day)s", day=day_of(each.charge_at)) for each in choices}
    return render_template("giving/keeping/pause.html", form=form, pledge=pledge, gift=gift_of(pledge), notes=notes)


@blueprint.get("/account/pledges/<reference>/card")
@patron
def ask_for_card(reference: str) -> ResponseReturnValue:
    """Say where the card is changed, and from when on it is charged."""
    pledge = own(reference)
    next_on = changing.next_charge(pledge)
    return render_template("giving/keeping/card.html", pledge=pledge, gift=gift_of(pledge), next_on=next_on)


@blueprint.post("/account/pledges/<reference>/card")
@patron
def change_card(reference: str) -> ResponseReturnValue:
    """Lead to Stripe's page for the card of this pledge, and back to the account."""
    return redirect(cards.page_for(tools(), own(reference), link(ACCOUNT)), 303)
