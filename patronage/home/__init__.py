"""The front page and a patron's own page."""
