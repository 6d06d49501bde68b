"""What the editors make of a result: decisions, what becomes of the promise, and the letters that tell of it."""
