"""Names for payments and pledges that can be read out over the telephone."""

import secrets

LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # none that are mistaken for one another
GROUP = 4


def new(prefix: str, groups: int) -> str:
    """Return a new name of `groups` times four letters, at random: `new("R", 2)` is "R-7K2M-9QXD" or the like."""
    drawn = ("".join(secrets.choice(LETTERS) for _ in range(GROUP)) for _ in range(groups))
    return "-".join([prefix, *drawn])
