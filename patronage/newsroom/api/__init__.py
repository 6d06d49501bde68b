"""The read API: rounds, results and stories for programs that hold a token."""
