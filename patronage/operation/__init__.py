"""What an operator runs: serving, supervising, checking, and the demo."""
