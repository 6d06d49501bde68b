"""What must always be true of papers, as queries that return the rows that break it, by what is wrong then."""

CHECKS: dict[str, str] = {
    "a series of receipts has a gap": """
        SELECT c.year, c.entity_id FROM receipt_counter c LEFT JOIN (
            SELECT entity_id, year, count(*) AS papers, max(serial) AS highest FROM receipt GROUP BY entity_id, year
        ) r ON r.entity_id = c.entity_id AND r.year = c.year
        WHERE c.last <> coalesce(r.papers, 0) OR c.last <> coalesce(r.highest, 0)""",
    "credit notes come to more than the receipt they correct": """
        SELECT r.number FROM (
            SELECT payment_id, sum(CASE WHEN kind = 'credit note' THEN amount_minor ELSE -amount_minor END) AS back
            FROM receipt WHERE kind <> 'receipt' GROUP BY payment_id
        ) n CROSS JOIN receipt r
        WHERE r.payment_id = n.payment_id AND r.kind = 'receipt' AND n.back > r.amount_minor""",  # notes are few
}
