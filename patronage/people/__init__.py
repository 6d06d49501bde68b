"""Who: people, how they sign in, what staff may do."""
