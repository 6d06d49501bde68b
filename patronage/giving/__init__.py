"""Pledges and gifts, what Stripe tells of them, and who is a patron now."""
