"""A stand-in for Stripe that remembers: it answers the real library over HTTP, for demos and tests."""
