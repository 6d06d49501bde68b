"""The reader's side of giving: the support page, the way to Stripe's page, and the thanks."""
