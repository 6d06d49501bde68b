"""What must always be true of the books, as queries that return the rows that break it, by what is wrong then."""

CHECKS: dict[str, str] = {
    "a payment has no ledger entry of its amount and currency": """
        SELECT p.id, p.charge_id FROM payment p
        LEFT JOIN ledger_entry e ON e.kind = 'payment' AND e.stripe_id = p.charge_id
            AND e.payment_id = p.id AND e.amount_minor = p.amount_minor AND e.currency = p.currency
        WHERE p.charge_id IS NOT NULL AND e.id IS NULL""",
    "a ledger entry of a payment has no payment": """
        SELECT e.id, e.stripe_id FROM ledger_entry e
        LEFT JOIN payment p ON p.id = e.payment_id AND p.charge_id = e.stripe_id
        WHERE e.kind = 'payment' AND p.id IS NULL""",
    "a payment carries more than one fee": """
        SELECT f.payment_id, count(*) FROM ledger_entry f
        WHERE f.kind = 'fee' AND f.payment_id IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM ledger_entry e WHERE e.balance_transaction_id = f.stripe_id
            AND e.kind IN ('refund', 'refund_failure', 'dispute', 'dispute_reversal'))
        GROUP BY f.payment_id HAVING count(*) > 1""",
    "an entry moves money between other accounts than its kind does": """
        SELECT id, kind, debit, credit FROM ledger_entry WHERE kind <> 'manual' AND (kind, debit, credit) NOT IN (
        VALUES ('payment', 'stripe balance', 'gifts'), ('fee', 'fees', 'stripe balance'),
        ('fee', 'stripe balance', 'fees'), ('refund', 'gifts', 'stripe balance'),
        ('refund_failure', 'stripe balance', 'gifts'), ('dispute', 'disputes', 'stripe balance'),
        ('dispute_fee', 'fees', 'stripe balance'), ('dispute_fee', 'stripe balance', 'fees'),
        ('dispute_reversal', 'stripe balance', 'disputes'), ('payout', 'bank', 'stripe balance'),
        ('payout', 'stripe balance', 'bank'), ('payout_failure', 'stripe balance', 'bank'),
        ('payout_failure', 'bank', 'stripe balance'), ('exchange_out', 'exchange', 'stripe balance'),
        ('exchange_in', 'stripe balance', 'exchange'), ('adjustment', 'stripe balance', 'adjustments'),
        ('adjustment', 'adjustments', 'stripe balance'))""",
    "what was given back of a payment is not what its refunds come to": """
        SELECT p.id, p.refunded_minor FROM payment p
        LEFT JOIN (SELECT payment_id, sum(amount_minor) AS total FROM refund
            WHERE status IN ('pending', 'requires_action', 'succeeded') GROUP BY payment_id) r ON r.payment_id = p.id
        WHERE p.charge_id IS NOT NULL AND p.refunded_minor <>
            CASE WHEN coalesce(r.total, 0) > p.amount_minor THEN p.amount_minor ELSE coalesce(r.total, 0) END""",
    "a refund that arrived has no ledger entry of its amount": """
        SELECT r.id, r.stripe_id FROM refund r
        LEFT JOIN ledger_entry e ON e.kind = 'refund' AND e.stripe_id = r.stripe_id
            AND e.payment_id = r.payment_id AND e.amount_minor = r.amount_minor AND e.currency = r.currency
        WHERE r.status = 'succeeded' AND e.id IS NULL""",
    "a refund that failed has not come back in the ledger, or one that stands has": """
        SELECT r.id, r.stripe_id FROM refund r
        JOIN ledger_entry e ON e.kind = 'refund' AND e.stripe_id = r.stripe_id
        LEFT JOIN ledger_entry b ON b.kind = 'refund_failure' AND b.stripe_id = r.stripe_id
            AND b.amount_minor = e.amount_minor AND b.currency = e.currency
        WHERE (b.id IS NULL) = (r.status IN ('failed', 'canceled'))""",
    "a ledger entry of a refund has no refund": """
        SELECT e.id, e.stripe_id FROM ledger_entry e
        LEFT JOIN refund r ON r.stripe_id = e.stripe_id AND r.payment_id = e.payment_id
        WHERE e.kind IN ('refund', 'refund_failure') AND r.id IS NULL""",
    "a ledger entry of a dispute has no dispute": """
        SELECT e.id, e.stripe_id FROM ledger_entry e
        LEFT JOIN dispute d ON d.payment_id = e.payment_id
        WHERE e.kind IN ('dispute', 'dispute_fee', 'dispute_reversal') AND d.id IS NULL""",
    "disputes gave back more of a payment than they took": """
        SELECT payment_id FROM ledger_entry WHERE kind IN ('dispute', 'dispute_reversal')
        GROUP BY payment_id, currency
        HAVING sum(CASE WHEN kind = 'dispute' THEN amount_minor ELSE -amount_minor END) < 0""",
    "the fees of disputes are not what the ledger says": """
        SELECT d.payment_id, sum(d.fee_minor) FROM dispute d
        LEFT JOIN (SELECT payment_id, sum(CASE WHEN debit = 'fees' THEN amount_minor ELSE -amount_minor END) AS total
            FROM ledger_entry WHERE kind = 'dispute_fee' GROUP BY payment_id) e ON e.payment_id = d.payment_id
        GROUP BY d.payment_id, e.total HAVING sum(d.fee_minor) <> coalesce(e.total, 0)""",
    "money was exchanged on one side only": """
        SELECT stripe_id FROM ledger_entry WHERE kind IN ('exchange_in', 'exchange_out')
        GROUP BY stripe_id HAVING count(*) <> 2 OR min(currency) = max(currency)""",
    "a movement is in the books as what it is and as an adjustment": """
        SELECT a.id, a.stripe_id FROM ledger_entry a
        JOIN ledger_entry e ON e.balance_transaction_id = a.stripe_id AND e.kind NOT IN ('adjustment', 'fee')
        LEFT JOIN ledger_entry c ON c.corrects_id = a.id
        WHERE a.kind = 'adjustment' AND c.id IS NULL""",
    "a payout that arrived has no ledger entry of its amount": """
        SELECT p.id, p.stripe_id FROM payout p
        LEFT JOIN ledger_entry e ON e.kind = 'payout' AND e.stripe_id = p.stripe_id
            AND e.amount_minor = abs(p.amount_minor) AND e.currency = p.currency
        WHERE p.status = 'paid' AND p.amount_minor <> 0 AND e.id IS NULL""",
    "a payout that failed has not come back in the ledger": """
        SELECT p.id, p.stripe_id FROM payout p
        JOIN ledger_entry e ON e.kind = 'payout' AND e.stripe_id = p.stripe_id
        LEFT JOIN ledger_entry b ON b.kind = 'payout_failure' AND b.stripe_id = p.stripe_id
            AND b.amount_minor = e.amount_minor AND b.currency = e.currency
        WHERE (b.id IS NULL) = (p.status IN ('failed', 'canceled'))""",
    "the lines of a payout do not come to its amount": """
        SELECT p.id, p.stripe_id, p.difference_minor FROM payout p
        LEFT JOIN (SELECT payout_id, sum(explained_minor) AS total FROM payout_line GROUP BY payout_id) l
            ON l.payout_id = p.id
        WHERE p.matched_at IS NOT NULL AND (p.difference_minor <> 0
            OR (p.is_automatic AND coalesce(l.total, 0) <> p.amount_minor))""",
    "a gift that came past Stripe is not in the ledger as it stands": """
        SELECT p.id, p.reference FROM payment p
        LEFT JOIN (SELECT payment_id, sum(CASE WHEN credit = 'gifts' THEN amount_minor ELSE -amount_minor END) AS total
            FROM ledger_entry WHERE kind = 'manual' GROUP BY payment_id) e ON e.payment_id = p.id
        WHERE p.charge_id IS NULL AND coalesce(e.total, 0) <> p.amount_minor - p.refunded_minor""",
    "an entry was booked into a month after it was closed": """
        SELECT e.id, e.booked_at FROM ledger_entry e
        JOIN closed_month m ON e.booked_at < m.ends_at AND e.posted_at > m.closed_at""",
}
