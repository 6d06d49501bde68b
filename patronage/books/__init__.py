"""The ledger: payments, entries, receipts; it knows money, not pledges."""
