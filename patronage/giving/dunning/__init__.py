"""When a payment fails, and before one is taken: tries, letters, how to mend it, notices, who is late."""
