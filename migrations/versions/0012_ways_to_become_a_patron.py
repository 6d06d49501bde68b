"""Other ways to become and to make a patron: currencies, tiers' prices, offers, presents, manual gifts, other ways."""

import sqlalchemy as sa
from alembic import op
from alembic.operations import BatchOperations

from patronage.foundation.database import UTCDateTime
from patronage.foundation.reshaping import one_of, reshape

revision = "0012"
down_revision = "0011"

KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")
OF_PLEDGES = {
    "ck_pledge_interval": one_of("interval", "once", "month", "year"),
    "ck_pledge_pledgestate": one_of("state", "offered", "active", "past due", "paused", "ended"),
    "ck_pledge_positive": "amount_minor > 0 OR (amount_minor = 0 AND kind <> 'paid')",
    "ck_pledge_pledgekind": one_of("kind", "paid", "complimentary", "present", "manual"),
}
PRICES = ("monthly_minor", "yearly_minor")


LEDGER = """
CREATE VIEW check_ledger AS SELECT id AS entry_id, kind, stripe_id, payment_id,
    CASE WHEN credit IN ({outgoing}) OR (credit = 'bank' AND debit <> 'stripe balance')
    THEN -amount_minor ELSE amount_minor END AS amount_minor, currency, posted_at FROM ledger_entry"""


def upgrade() -> None:
    reshape("pledge", lambda batch: batch.add_column(sa.Column("free_until", UTCDateTime, nullable=True)), OF_PLEDGES)
    _make_currencies()
    _make_offers()
    _make_presents()
    _make_memberships()
    _make_manual_gifts()
    _make_other_ways()
    _show_ledger("'stripe balance', 'cash', 'paypal', 'crypto'")


def _show_ledger(outgoing: str) -> None:
    """Make the view of the ledger anew: what leaves one of the `outgoing` accounts is less than zero."""
    op.execute("DROP VIEW check_ledger")
    op.execute(LEDGER.format(outgoing=outgoing))


def _make_currencies() -> None:
    op.create_table(
        "currency_offered",
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("smallest_minor", sa.BigInteger(), nullable=False),
        sa.Column("largest_minor", sa.BigInteger(), nullable=False),
        sa.Column("fee_fixed_minor", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("smallest_minor BETWEEN 1 AND largest_minor", name=op.f("ck_currency_offered_bounds")),
        sa.PrimaryKeyConstraint("currency", name=op.f("pk_currency_offered")),
    )
    op.create_table(
        "tier_price",
        sa.Column("tier_id", KEY, nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("monthly_minor", sa.BigInteger(), nullable=False),
        sa.Column("yearly_minor", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["tier_id"], ["tier.id"], name=op.f("fk_tier_price_tier_id_tier")),
        sa.PrimaryKeyConstraint("tier_id", "currency", name=op.f("pk_tier_price")),
    )
    op.execute(
        "INSERT INTO tier_price (tier_id, currency, monthly_minor, yearly_minor) "
        "SELECT id, currency, monthly_minor, yearly_minor FROM tier"
    )
    with op.batch_alter_table("tier") as batch:
        for column in ("currency", *PRICES):
            batch.drop_column(column)


def _make_offers() -> None:
    op.create_table(
        "code_offer",
        sa.Column("id", KEY, nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("interval", _interval(), nullable=False),
        sa.Column("percent_off", sa.Integer(), nullable=True),
        sa.Column("amount_off_minor", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.String(), nullable=True),
        sa.Column("months", sa.Integer(), nullable=False),
        sa.Column("is_trial", sa.Boolean(), nullable=False),
        sa.Column("tier_id", KEY, nullable=True),
        sa.Column("valid_until", UTCDateTime, nullable=True),
        sa.Column("most_uses", sa.Integer(), nullable=True),
        sa.Column("idempotency_key", sa.String(), nullable=False),
        sa.Column("stripe_coupon_id", sa.String(), nullable=True),
        sa.Column("made_at", UTCDateTime, nullable=False),
        sa.Column("made_by", KEY, nullable=True),
        sa.Column("withdrawn_at", UTCDateTime, nullable=True),
        sa.CheckConstraint("percent_off BETWEEN 1 AND 100", name=op.f("ck_code_offer_percent")),
        sa.CheckConstraint("months BETWEEN 1 AND 36", name=op.f("ck_code_offer_months")),
        sa.ForeignKeyConstraint(["made_by"], ["person.id"], name=op.f("fk_code_offer_made_by_person")),
        sa.ForeignKeyConstraint(["tier_id"], ["tier.id"], name=op.f("fk_code_offer_tier_id_tier")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_code_offer")),
        sa.UniqueConstraint("code", name=op.f("uq_code_offer_code")),
    )
    op.create_table(
        "offer_use",
        sa.Column("pledge_id", KEY, nullable=False),
        sa.Column("offer_id", KEY, nullable=False),
        sa.Column("taken_at", UTCDateTime, nullable=False),
        sa.ForeignKeyConstraint(["offer_id"], ["code_offer.id"], name=op.f("fk_offer_use_offer_id_code_offer")),
        sa.ForeignKeyConstraint(["pledge_id"], ["pledge.id"], name=op.f("fk_offer_use_pledge_id_pledge")),
        sa.PrimaryKeyConstraint("pledge_id", name=op.f("pk_offer_use")),
    )
    op.create_index(op.f("ix_offer_use_offer_id"), "offer_use", ["offer_id"], unique=False)


def _interval() -> sa.Enum:
    return sa.Enum("once", "month", "year", native_enum=False, create_constraint=True, length=32, name="interval")


def _make_presents() -> None:
    op.create_table(
        "present",
        sa.Column("id", KEY, nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("pledge_id", KEY, nullable=False),
        sa.Column("months", sa.Integer(), nullable=False),
        sa.Column("tier_name", sa.String(), nullable=False),
        sa.Column("giver_name", sa.String(), nullable=False),
        sa.Column("recipient_name", sa.String(), nullable=False),
        sa.Column("recipient_email", sa.String(), nullable=False),
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("deliver_at", UTCDateTime, nullable=False),
        sa.Column("paid_at", UTCDateTime, nullable=True),
        sa.Column("sent_at", UTCDateTime, nullable=True),
        sa.Column("times_sent", sa.Integer(), nullable=False),
        sa.Column("revoked_at", UTCDateTime, nullable=True),
        sa.Column("redeemed_at", UTCDateTime, nullable=True),
        sa.Column("membership_id", KEY, nullable=True),
        sa.ForeignKeyConstraint(["membership_id"], ["pledge.id"], name=op.f("fk_present_membership_id_pledge")),
        sa.ForeignKeyConstraint(["pledge_id"], ["pledge.id"], name=op.f("fk_present_pledge_id_pledge")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_present")),
        sa.UniqueConstraint("membership_id", name=op.f("uq_present_membership_id")),
        sa.UniqueConstraint("pledge_id", name=op.f("uq_present_pledge_id")),
        sa.UniqueConstraint("reference", name=op.f("uq_present_reference")),
    )


def _make_memberships() -> None:
    op.create_table(
        "free_membership",
        sa.Column("pledge_id", KEY, nullable=False),
        sa.Column("submission", sa.String(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("given_by", KEY, nullable=True),
        sa.Column("given_at", UTCDateTime, nullable=False),
        sa.Column("revoked_by", KEY, nullable=True),
        sa.Column("revoked_why", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["given_by"], ["person.id"], name=op.f("fk_free_membership_given_by_person")),
        sa.ForeignKeyConstraint(["pledge_id"], ["pledge.id"], name=op.f("fk_free_membership_pledge_id_pledge")),
        sa.ForeignKeyConstraint(["revoked_by"], ["person.id"], name=op.f("fk_free_membership_revoked_by_person")),
        sa.PrimaryKeyConstraint("pledge_id", name=op.f("pk_free_membership")),
        sa.UniqueConstraint("submission", name=op.f("uq_free_membership_submission")),
    )


def _make_manual_gifts() -> None:
    op.create_table(
        "manual_gift",
        sa.Column("payment_id", KEY, nullable=False),
        sa.Column("submission", sa.String(), nullable=False),
        sa.Column("giver_name", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("coin", sa.String(), nullable=True),
        sa.Column("coin_amount", sa.String(), nullable=True),
        sa.Column("coin_rate", sa.String(), nullable=True),
        sa.Column("rate_source", sa.String(), nullable=True),
        sa.Column("entered_at", UTCDateTime, nullable=False),
        sa.Column("entered_by", KEY, nullable=True),
        sa.Column("reversed_at", UTCDateTime, nullable=True),
        sa.Column("reversed_by", KEY, nullable=True),
        sa.Column("reversed_because", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["entered_by"], ["person.id"], name=op.f("fk_manual_gift_entered_by_person")),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"], name=op.f("fk_manual_gift_payment_id_payment")),
        sa.ForeignKeyConstraint(["reversed_by"], ["person.id"], name=op.f("fk_manual_gift_reversed_by_person")),
        sa.PrimaryKeyConstraint("payment_id", name=op.f("pk_manual_gift")),
        sa.UniqueConstraint("submission", name=op.f("uq_manual_gift_submission")),
    )


def _make_other_ways() -> None:
    kinds = ("bank", "crypto", "paypal", "cheque", "other")
    words = sa.Enum(*kinds, native_enum=False, create_constraint=True, length=32, name="waykind")
    op.create_table(
        "other_way",
        sa.Column("id", KEY, nullable=False),
        sa.Column("kind", words, nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("details", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("account_holder", sa.String(), nullable=False),
        sa.Column("iban", sa.String(), nullable=False),
        sa.Column("bic", sa.String(), nullable=False),
        sa.Column("remittance", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_other_way")),
    )


def downgrade() -> None:
    _show_ledger("'stripe balance'")
    for table in ("other_way", "manual_gift", "free_membership", "present", "offer_use", "code_offer"):
        op.drop_table(table)
    with op.batch_alter_table("tier") as batch:
        batch.add_column(sa.Column("currency", sa.String(), nullable=True))
        for column in PRICES:
            batch.add_column(sa.Column(column, sa.BigInteger(), nullable=True))
    _put_prices_back()
    op.drop_table("tier_price")
    op.drop_table("currency_offered")
    reshape("pledge", _narrow, OF_PLEDGES)


def _put_prices_back() -> None:
    """A tier had prices in one currency: the first by its code is kept."""
    for column in ("currency", *PRICES):
        op.execute(
            f"UPDATE tier SET {column} = (SELECT {column} FROM tier_price WHERE tier_id = tier.id "  # noqa: S608 - our own names
            "ORDER BY tier_price.currency LIMIT 1)"
        )
    op.execute("DELETE FROM tier WHERE currency IS NULL")
    with op.batch_alter_table("tier") as batch:
        batch.alter_column("currency", existing_type=sa.String(), nullable=False)
        for column in PRICES:
            batch.alter_column(column, existing_type=sa.BigInteger(), nullable=False)


def _narrow(batch: BatchOperations) -> None:
    batch.drop_column("free_until")
