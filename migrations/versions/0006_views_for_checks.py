"""What the database itself enforces and shows: an immutable ledger, and read-only views for checks from outside."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")
APPEND_ONLY = ("ledger_entry", "ballot_event", "round_result", "result_count")
VIEWS = {
    "check_events": "SELECT event_id, type, received_at, applied_at, outcome FROM stripe_event",
    "check_ledger": """
        SELECT id AS entry_id, kind, stripe_id, payment_id,
               CASE WHEN credit = 'stripe balance' OR (credit = 'bank' AND debit <> 'stripe balance')
                    THEN -amount_minor ELSE amount_minor END AS amount_minor,
               currency, posted_at
        FROM ledger_entry""",
    "check_pledges": """
        SELECT id AS pledge_id, person_id, stripe_subscription_id, state,
               (settled_at IS NOT NULL AND patron_until IS NOT NULL AND patron_until > {now}) AS is_patron
        FROM pledge""",
    "check_ballots": "SELECT round_id, {hex} AS token, choices FROM ballot",
    "check_results": "SELECT round_id, version, position, votes FROM result_count",
    "check_letters": "SELECT message_id, kind, recipient_id, due_at, done_at AS sent_at FROM letter",
}
WORDS = {
    "sqlite": {
        "now": "strftime('%Y-%m-%d %H:%M:%f', 'now', (SELECT seconds FROM clock_offset) || ' seconds')",
        "hex": "lower(hex(token))",
    },
    "postgresql": {
        "now": "now() + make_interval(secs => (SELECT seconds FROM clock_offset))",
        "hex": "encode(token, 'hex')",
    },
}


def upgrade() -> None:
    offset = op.create_table(
        "clock_offset",
        sa.Column("id", KEY, primary_key=True),
        sa.Column("seconds", sa.Double, nullable=False),
    )
    op.bulk_insert(offset, [{"id": 1, "seconds": 0.0}])
    dialect = op.get_bind().dialect.name
    for name, query in VIEWS.items():
        op.execute(f"CREATE VIEW {name} AS {query.format(**WORDS[dialect])}")
    refuse_changes(dialect)


def refuse_changes(dialect: str) -> None:
    """Have the database itself refuse UPDATE and DELETE on what is append-only."""
    if dialect == "postgresql":
        op.execute(
            "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "RAISE EXCEPTION '% is append-only: write a new row instead', TG_TABLE_NAME; END $$"
        )
    for table in APPEND_ONLY:
        if dialect == "postgresql":
            op.execute(
                f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
                "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
            )
            continue
        for deed in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{deed.lower()} BEFORE {deed} ON {table} BEGIN "
                f"SELECT RAISE(ABORT, '{table} is append-only: write a new row instead'); END"
            )


def downgrade() -> None:
    dialect = op.get_bind().dialect.name
    for name in VIEWS:
        op.execute(f"DROP VIEW {name}")
    for table in APPEND_ONLY:
        triggers = [f"{table}_append_only"] if dialect == "postgresql" else [f"{table}_no_update", f"{table}_no_delete"]
        for trigger in triggers:
            op.execute(f"DROP TRIGGER {trigger}" + (f" ON {table}" if dialect == "postgresql" else ""))
    if dialect == "postgresql":
        op.execute("DROP FUNCTION refuse_change()")
    op.drop_table("clock_offset")
