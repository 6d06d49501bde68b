"""A paper as it is read, on a page or as PDF: who issues it and to whom, what it says, in one language and zone."""

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date
from flask_babel import gettext as _

from patronage.books.papers import wording
from patronage.books.papers.models import Paper, Receipt, ReceiptDonor
from patronage.books.papers.wording import Given, Sentence
from patronage.foundation.money import shown


@dataclass(frozen=True)
class Writing:
    """How amounts and days are written: in which `language` (a code), and in whose days."""

    language: str
    zone: ZoneInfo

    def day(self, moment: datetime) -> str:
        """Return the day of `moment`."""
        return str(format_date(moment.astimezone(self.zone), "d MMMM y", locale=self.language))

    def money(self, amount_minor: int, currency: str) -> str:
        """Return an amount in minor units."""
        return shown(amount_minor, currency, self.language)


@dataclass(frozen=True)
class Table:
    """Lines and their sums; all cells are texts, the columns `numeric` (counted from 0) hold numbers."""

    caption: str
    headers: list[str]
    rows: list[list[str]]
    totals: list[list[str]]
    numeric: list[int]


@dataclass(frozen=True)
class Document:
    """One paper. `title` names it among others; `made_at` is when what it says was last true (UTC)."""

    language: str
    title: str
    heading: str
    made_at: datetime
    issuer: list[str]
    donor: list[str]
    donor_label: str
    amount: str | None = None
    facts: list[list[str]] = field(default_factory=list)
    table: Table | None = None
    sentences: list[Sentence] = field(default_factory=list)
    signatory: str = ""

    def data(self) -> dict[str, Any]:
        """Return what it says as plain lists and texts."""
        return {**asdict(self), "made_at": [self.made_at.year, self.made_at.month, self.made_at.day]}


def of_receipt(receipt: Receipt, donor: ReceiptDonor | None, papers: list[Receipt], writing: Writing) -> Document:
    """Return `receipt` as it is read today. `papers` are all those about the same payment, itself among them."""
    heading = _heading(receipt.kind)
    facts = [
        [_("Number"), receipt.number],
        [_("Issued on"), writing.day(receipt.issued_at)],
        [_on_the_day(receipt.kind), writing.day(receipt.happened_at)],
        [_("Amount"), writing.money(receipt.amount_minor, receipt.currency)],
    ]
    said: list[Sentence] = []
    if receipt.kind == Paper.RECEIPT:
        notes = standing_notes(papers)
        facts += [[_("Given back"), _given_back(note, writing)] for note in notes]
        net = receipt.amount_minor - sum(note.amount_minor for note in notes)
        given = [Given(net, receipt.currency, largest_minor=net)] if net > 0 else []
        said = wording.sentences(receipt.issuer, given, writing.language)
    else:
        said = [Sentence(text, writing.language) for text in _what_it_corrects(receipt, papers)]
    return Document(
        language=writing.language, title=f"{heading} {receipt.number}", heading=heading, made_at=receipt.issued_at,
        issuer=issuer_lines(receipt.issuer, writing.language), donor=donor_lines(donor),
        donor_label=_("Given back to") if receipt.kind == Paper.CREDIT_NOTE else _("Received from"),
        amount=writing.money(receipt.amount_minor, receipt.currency), facts=facts,
        sentences=[*said, *_currency_note(receipt.issuer, writing.language)], signatory=receipt.issuer["signatory"],
    )  # fmt: skip


def _heading(kind: Paper) -> str:
    headings = {
        Paper.RECEIPT: _("Donation receipt"),
        Paper.CREDIT_NOTE: _("Credit note"),
        Paper.CREDIT_NOTE_CANCELLED: _("Cancellation of a credit note"),
    }
    return str(headings[kind])


def _on_the_day(kind: Paper) -> str:
    labels = {
        Paper.RECEIPT: _("Paid on"),
        Paper.CREDIT_NOTE: _("Given back on"),
        Paper.CREDIT_NOTE_CANCELLED: _("Cancelled on"),
    }
    return str(labels[kind])


def standing_notes(papers: list[Receipt]) -> list[Receipt]:
    """Return the credit notes among `papers` that were not cancelled."""
    cancelled = {paper.corrects_id for paper in papers if paper.kind == Paper.CREDIT_NOTE_CANCELLED}
    return [paper for paper in papers if paper.kind == Paper.CREDIT_NOTE and paper.id not in cancelled]


def _given_back(note: Receipt, writing: Writing) -> str:
    amount = writing.money(note.amount_minor, note.currency)
    return str(_("%(amount)s, credit note %(number)s", amount=amount, number=note.number))


def _what_it_corrects(receipt: Receipt, papers: list[Receipt]) -> list[str]:
    corrected = next((paper.number for paper in papers if paper.id == receipt.corrects_id), "")
    was_disputed = receipt.fact.startswith("dispute")
    if receipt.kind == Paper.CREDIT_NOTE:
        if was_disputed:
            return [_("This note corrects receipt %(number)s: a bank took the amount above back.", number=corrected)]
        return [_("This note corrects receipt %(number)s: the amount above was given back.", number=corrected)]
    if was_disputed:
        return [_("The bank returned the money to us. Credit note %(number)s is void.", number=corrected)]
    return [
        _("The refund did not arrive, and the money stayed with us. Credit note %(number)s is void.", number=corrected)
    ]


def _currency_note(issuer: dict[str, Any], language: str) -> list[Sentence]:
    return [Sentence(issuer["currency_note"], language)] if issuer["currency_note"] else []


def issuer_lines(issuer: dict[str, Any], language: str) -> list[str]:
    """Return the lines of a letterhead: name, address, country, numbers; `issuer` is as `entities.frozen` made it."""
    country = Locale.parse(language).territories.get(issuer["country"], issuer["country"])
    numbers = [
        (_("Registration number"), issuer["registration_number"]),
        (_("Tax number"), issuer["tax_number"]),
        (_("Charity number"), issuer["charity_number"]),
    ]
    lines = [issuer["name"], *issuer["address"].splitlines(), country]
    return [line.strip() for line in lines if line.strip()] + [f"{name}: {value}" for name, value in numbers if value]


def donor_lines(donor: ReceiptDonor | None) -> list[str]:
    """Return how the donor is named; nothing where nobody is known, or they were erased."""
    return [line for line in (donor.name, donor.email) if line] if donor else []
