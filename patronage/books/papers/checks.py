"""What must always be true of papers, as queries that return the rows that break it, by what is wrong then."""

CHECKS: dict[str, str] = {
    "a series of receipts has a gap": """
        SELECT c.year, c.entity_id FROM receipt_counter c LEFT JOIN (
            SELECT entity_id, year, count(*) AS papers, max(serial) AS highest FROM receipt GROUP BY entity_id, year
        ) r ON r.entity_id = c.entity_id AND r.year = c.year
        WHERE c.last <> coalesce(r.papers, 0) OR c.last <> coalesce(r.highest, 0)""",
    "credit notes come to more than the receipt they correct": """
        SELECT r.number FROM receipt r JOIN receipt n ON n.payment_id = r.payment_id AND n.kind <> 'receipt'
        WHERE r.kind = 'receipt' GROUP BY r.id, r.number, r.amount_minor
        HAVING sum(CASE WHEN n.kind = 'credit note' THEN n.amount_minor ELSE -n.amount_minor END) > r.amount_minor""",
}
