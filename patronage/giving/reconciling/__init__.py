"""What stands here compared with what stands at Stripe, and mended where the two differ."""
