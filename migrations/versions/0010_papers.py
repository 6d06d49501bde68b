"""Papers for donors: legal entities, receipts in gapless series, runs of yearly statements, Gift Aid declarations."""

import sqlalchemy as sa
from alembic import op

from patronage.foundation.database import UTCDateTime

revision = "0010"
down_revision = "0009"

KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")
PROFILES = ("none", "eu", "us_501c3", "uk_gift_aid")
KINDS = ("receipt", "credit note", "credit note cancelled")


def _words(name: str, values: tuple[str, ...]) -> sa.Enum:
    return sa.Enum(*values, native_enum=False, create_constraint=True, length=32, name=name)


def upgrade() -> None:
    _make_entities()
    _make_receipts()
    _make_runs()
    _make_declarations()
    _refuse_changes(op.get_bind().dialect.name)
    op.execute(  # whoever gave before there were receipts gets theirs from the worker
        "INSERT INTO job (kind, data, due_at, once, attempts) SELECT 'books/issue-receipts', '{\"after\": null}', "
        "min(paid_at), 'books/issue-receipts:0', 0 FROM payment HAVING count(*) > 0"
    )


def _make_entities() -> None:
    entity = op.create_table(
        "legal_entity",
        sa.Column("id", KEY, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("registration_number", sa.String(), nullable=False),
        sa.Column("tax_number", sa.String(), nullable=False),
        sa.Column("charity_number", sa.String(), nullable=False),
        sa.Column("fiscal_month", sa.Integer(), nullable=False),
        sa.Column("profile", _words("profile", PROFILES), nullable=False),
        sa.Column("prefix", sa.String(), nullable=False),
        sa.Column("signatory", sa.String(), nullable=False),
        sa.Column("currency_note", sa.String(), nullable=False),
        sa.Column("currencies", sa.String(), nullable=False),
        sa.Column("goods", sa.String(), nullable=False),
        sa.Column("goods_minor", sa.BigInteger(), nullable=False),
        sa.Column("goods_currency", sa.String(), nullable=False),
        sa.CheckConstraint("fiscal_month BETWEEN 1 AND 12", name=op.f("ck_legal_entity_fiscal_month")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_legal_entity")),
        sa.UniqueConstraint("prefix", name=op.f("uq_legal_entity_prefix")),
    )
    texts = ("name", "address", "country", "registration_number", "tax_number", "charity_number", "prefix",
             "signatory", "currency_note", "currencies", "goods", "goods_currency")  # fmt: skip
    first = {"fiscal_month": 1, "profile": "none", "goods_minor": 0}
    op.bulk_insert(entity, [{**dict.fromkeys(texts, ""), **first}])  # without a name it goes by the newsroom's
    op.create_table(
        "receipt_counter",
        sa.Column("entity_id", KEY, nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["entity_id"], ["legal_entity.id"], name=op.f("fk_receipt_counter_entity_id_legal_entity")
        ),
        sa.PrimaryKeyConstraint("entity_id", "year", name=op.f("pk_receipt_counter")),
    )


def _make_receipts() -> None:
    op.create_table(
        "receipt_donor",
        sa.Column("id", KEY, nullable=False),
        sa.Column("person_id", KEY, nullable=True),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("email", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_receipt_donor_person_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipt_donor")),
    )
    op.create_index(op.f("ix_receipt_donor_person_id"), "receipt_donor", ["person_id"], unique=False)
    op.create_table(
        "receipt",
        sa.Column("id", KEY, nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("entity_id", KEY, nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("kind", _words("paper", KINDS), nullable=False),
        sa.Column("fact", sa.String(), nullable=False),
        sa.Column("payment_id", KEY, nullable=False),
        sa.Column("corrects_id", KEY, nullable=True),
        sa.Column("donor_id", KEY, nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("happened_at", UTCDateTime, nullable=False),
        sa.Column("issued_at", UTCDateTime, nullable=False),
        sa.Column("issuer", sa.JSON(), nullable=False),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_receipt_positive")),
        sa.ForeignKeyConstraint(["corrects_id"], ["receipt.id"], name=op.f("fk_receipt_corrects_id_receipt")),
        sa.ForeignKeyConstraint(["donor_id"], ["receipt_donor.id"], name=op.f("fk_receipt_donor_id_receipt_donor")),
        sa.ForeignKeyConstraint(["entity_id"], ["legal_entity.id"], name=op.f("fk_receipt_entity_id_legal_entity")),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"], name=op.f("fk_receipt_payment_id_payment")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipt")),
        sa.UniqueConstraint("entity_id", "year", "serial", name=op.f("uq_receipt_entity_id_year_serial")),
        sa.UniqueConstraint("fact", name=op.f("uq_receipt_fact")),
        sa.UniqueConstraint("number", name=op.f("uq_receipt_number")),
        sa.UniqueConstraint("reference", name=op.f("uq_receipt_reference")),
    )
    op.create_index(op.f("ix_receipt_payment_id"), "receipt", ["payment_id"], unique=False)


def _make_runs() -> None:
    op.create_table(
        "statement_run",
        sa.Column("id", KEY, nullable=False),
        sa.Column("entity_id", KEY, nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("started_by", KEY, nullable=True),
        sa.Column("started_at", UTCDateTime, nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("after_person_id", KEY, nullable=False),
        sa.Column("finished_at", UTCDateTime, nullable=True),
        sa.ForeignKeyConstraint(
            ["entity_id"], ["legal_entity.id"], name=op.f("fk_statement_run_entity_id_legal_entity")
        ),
        sa.ForeignKeyConstraint(["started_by"], ["person.id"], name=op.f("fk_statement_run_started_by_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_statement_run")),
        sa.UniqueConstraint("entity_id", "year", name=op.f("uq_statement_run_entity_id_year")),
    )


def _make_declarations() -> None:
    op.create_table(
        "gift_aid_declaration",
        sa.Column("id", KEY, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("entity_id", KEY, nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("first_name", sa.String(), nullable=False),
        sa.Column("last_name", sa.String(), nullable=False),
        sa.Column("house", sa.String(), nullable=False),
        sa.Column("postcode", sa.String(), nullable=False),
        sa.Column("covers_since", UTCDateTime, nullable=False),
        sa.Column("wording", sa.String(), nullable=False),
        sa.Column("declared_at", UTCDateTime, nullable=False),
        sa.Column("withdrawn_at", UTCDateTime, nullable=True),
        sa.ForeignKeyConstraint(
            ["entity_id"], ["legal_entity.id"], name=op.f("fk_gift_aid_declaration_entity_id_legal_entity")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_gift_aid_declaration_person_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gift_aid_declaration")),
    )
    op.create_index(op.f("ix_gift_aid_declaration_person_id"), "gift_aid_declaration", ["person_id"], unique=False)


def _refuse_changes(dialect: str) -> None:
    """A receipt is never changed: what corrects it is a new one. The donor's name stands apart, and can be erased."""
    if dialect == "postgresql":
        op.execute(
            "CREATE TRIGGER receipt_append_only BEFORE UPDATE OR DELETE ON receipt "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        return
    for deed in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER receipt_no_{deed.lower()} BEFORE {deed} ON receipt BEGIN "
            "SELECT RAISE(ABORT, 'receipt is append-only: write a new row instead'); END"
        )


def downgrade() -> None:
    op.execute("DELETE FROM job WHERE kind LIKE 'books/%'")
    for table in (
        "gift_aid_declaration", "statement_run", "receipt", "receipt_donor", "receipt_counter", "legal_entity",
    ):  # fmt: skip
        op.drop_table(table)
