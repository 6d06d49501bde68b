"""Topics, rounds, votes, and what came of them."""
