"""What makes a result one that can be trusted: seals, receipts, the frozen result, certification, counting again."""
