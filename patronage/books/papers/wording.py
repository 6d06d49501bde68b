"""What a tax office wants a paper to say. Legal sentences stand in the language of the law they come from."""

from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from patronage.books.papers.models import Profile
from patronage.foundation.money import shown

LAW = "en"  # the language of the American and British sentences, whoever reads them
WRITTEN_ACKNOWLEDGMENT_MINOR = 250_00  # from here on the IRS asks a donor for a written acknowledgment


@dataclass(frozen=True)
class Sentence:
    """A sentence and its language (a code)."""

    text: str
    language: str


@dataclass(frozen=True)
class Given:
    """What a paper is about: minor units of `currency` that stayed with us, in so many `payments`."""

    amount_minor: int
    currency: str
    payments: int = 1
    largest_minor: int = 0


def sentences(issuer: dict[str, Any], given: list[Given], language: str) -> list[Sentence]:
    """Return what the profile of `issuer` (as `entities.frozen` made it) says about what was `given`, by currency."""
    if not given:
        return []
    if issuer["profile"] == Profile.US_501C3:
        return [Sentence(text, LAW) for text in _united_states(issuer, given)]
    if issuer["profile"] == Profile.UK_GIFT_AID:
        return [Sentence(text, LAW) for text in _united_kingdom(issuer)]
    said = _europe(issuer) if issuer["profile"] == Profile.EU else _goods(issuer)
    return [Sentence(text, language) for text in said]


def _united_states(issuer: dict[str, Any], given: list[Given]) -> list[str]:
    """Return the written acknowledgment of 26 U.S.C. 170(f)(8), and the disclosure of 6115 where goods came in return.

    IRS Publication 1771 (Substantiation and Disclosure Requirements): the organization's name, the amount, and whether
    goods or services were provided, with a good-faith estimate of their value; the disclosure says that what is
    deductible is limited to the excess. An annual summary may acknowledge several contributions.
    """
    tax_number = f" EIN: {issuer['tax_number']}." if issuer["tax_number"] else ""
    exempt = "is exempt from federal income tax under section 501(c)(3) of the Internal Revenue Code."
    said = [f"{issuer['name']} {exempt}{tax_number}"]
    if issuer["goods"]:
        said.extend(_in_exchange(issuer, given))
    else:
        what = "these contributions" if sum(each.payments for each in given) > 1 else "this contribution"
        said.append(f"No goods or services were provided in exchange for {what}.")
    if any(each.currency == "USD" and each.largest_minor >= WRITTEN_ACKNOWLEDGMENT_MINOR for each in given):
        keep = "Keep this acknowledgment with your tax records"
        said.append(f"{keep}: to deduct a single contribution of $250 or more, you need it.")
    return said


def _in_exchange(issuer: dict[str, Any], given: list[Given]) -> list[str]:
    worth = shown(issuer["goods_minor"] * sum(each.payments for each in given), issuer["goods_currency"])
    said = [
        f"In exchange, {issuer['name']} provided: {issuer['goods']}. In good faith we estimate its value at {worth}.",
        "The amount that is deductible for federal income tax purposes is limited to the excess of the money "
        "contributed over the value of the goods and services provided.",
    ]
    for each in given:
        if each.currency == issuer["goods_currency"]:
            excess = max(0, each.amount_minor - issuer["goods_minor"] * each.payments)
            said.append(f"Deductible at most: {shown(excess, each.currency)}.")
    return said


def _united_kingdom(issuer: dict[str, Any]) -> list[str]:
    """Return what a British charity tells its donors; https://www.gov.uk/donating-to-charity/gift-aid."""
    number = f" Registered charity number: {issuer['charity_number']}." if issuer["charity_number"] else ""
    said = [
        f"Thank you for your donation to {issuer['name']}.{number}",
        "If you have made a Gift Aid declaration to us, we claim 25p of tax on every £1 you gave. You must then have "
        "paid at least as much Income Tax and/or Capital Gains Tax in that tax year as all charities claim on what "
        "you gave.",
        "If you pay tax above the basic rate, you can claim the difference in your Self Assessment tax return.",
    ]
    return [*said, f"In return you received: {issuer['goods']}."] if issuer["goods"] else said


def _europe(issuer: dict[str, Any]) -> list[str]:
    """Return what holds in the European Union: a gift for which nothing is supplied is outside the scope of VAT.

    Directive 2006/112/EC, article 2: value added tax is due on supplies for consideration.
    """
    said = _goods(issuer) or [
        _("This was a voluntary donation. Nothing was supplied in return, and it carries no value added tax.")
    ]
    return [*said, _("Whether a donation lowers your tax depends on the law of the country where you pay it.")]


def _goods(issuer: dict[str, Any]) -> list[str]:
    return [_("In return patrons receive: %(goods)s.", goods=issuer["goods"])] if issuer["goods"] else []
