"""What must always be true of the books, as queries that return the rows that break it, by what is wrong then."""

CHECKS: dict[str, str] = {
    "a payment has no ledger entry of its amount and currency": """
        SELECT p.id, p.charge_id FROM payment p
        LEFT JOIN ledger_entry e ON e.kind = 'payment' AND e.stripe_id = p.charge_id
            AND e.payment_id = p.id AND e.amount_minor = p.amount_minor AND e.currency = p.currency
        WHERE e.id IS NULL""",
    "a ledger entry of a payment has no payment": """
        SELECT e.id, e.stripe_id FROM ledger_entry e
        LEFT JOIN payment p ON p.id = e.payment_id AND p.charge_id = e.stripe_id
        WHERE e.kind = 'payment' AND p.id IS NULL""",
    "a payment carries more than one fee": """
        SELECT payment_id, count(*) FROM ledger_entry
        WHERE kind = 'fee' AND payment_id IS NOT NULL GROUP BY payment_id HAVING count(*) > 1""",
    "an entry moves money between other accounts than its kind does": """
        SELECT id, kind, debit, credit FROM ledger_entry WHERE kind <> 'manual' AND (kind, debit, credit) NOT IN (
        VALUES ('payment', 'stripe balance', 'gifts'), ('fee', 'fees', 'stripe balance'),
        ('refund', 'gifts', 'stripe balance'), ('refund_failure', 'stripe balance', 'gifts'),
        ('dispute', 'disputes', 'stripe balance'), ('dispute_fee', 'fees', 'stripe balance'),
        ('dispute_reversal', 'stripe balance', 'disputes'), ('payout', 'bank', 'stripe balance'))""",
}
