"""The editors' desk: it reads every room and owns little."""
