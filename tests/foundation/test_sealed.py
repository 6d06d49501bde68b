"""What is sealed opens with the same secret for the same thing alone, and so does what an earlier version sealed."""

import pytest

from patronage.ballots import keys
from patronage.foundation import sealed
from patronage.newsroom.hooks import sealed as hooks

SECRET = "a secret of the service, long enough to be one"
OTHER = "another secret of it, and long enough as well"
EARLIER_KEY = bytes.fromhex(
    "20ca90b1eeaa35805c133a07349ab86f3c18c15eb1f120880476fa72d9927b462979b2327cfc76c16e2c817ff07585f5c2b01d69d4f6068cd"
    "b060785"
)
EARLIER_ADDRESS = bytes.fromhex(
    "35851d4db164c74aea2714367afc88b8a114ac0a4a5d6d25a8f97098dc642cd7377158c7616026e5ab4ccbe874efa49908c05f70"
)


def test_what_an_earlier_version_sealed_still_opens() -> None:
    assert keys.unseal(EARLIER_KEY, 7, SECRET) == bytes(range(32))
    assert hooks.unseal(EARLIER_ADDRESS, SECRET) == "https://bus.example.org/"


@pytest.mark.parametrize(
    ("secret", "purpose", "bound_to"),
    [(OTHER, b"keys", b"round 1"), (SECRET, b"hooks", b"round 1"), (SECRET, b"keys", b"round 2")],
)
def test_what_is_sealed_opens_for_nothing_else(secret: str, purpose: bytes, bound_to: bytes) -> None:
    closed = sealed.seal(b"words", SECRET, b"keys", b"round 1")
    assert b"words" not in closed
    assert sealed.unseal(closed, SECRET, b"keys", b"round 1") == b"words"
    with pytest.raises(sealed.DoesNotOpen):
        sealed.unseal(closed, secret, purpose, bound_to)


def test_the_same_words_never_look_the_same_when_sealed() -> None:
    assert sealed.seal(b"words", SECRET, b"keys", b"") != sealed.seal(b"words", SECRET, b"keys", b"")
