"""Money that goes back: staff refund, approve, answer disputes and heed warnings."""
