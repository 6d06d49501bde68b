"""What Stripe tells: received, looked up, applied to pledges and books."""
