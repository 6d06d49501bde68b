"""How much two titles ask for the same thing: words compared by their trigrams, in whole per mille.

Trigrams forgive inflection ("порт", "порту", "портом"; "port", "ports") and slips of the finger without knowing any
language; words that every question has are left out. Comparing sets of n-grams by Dice's coefficient goes back to
Adamson and Boreham, "The use of an association measure based on character structure" (1974).
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

ALIKE = 500  # per mille; from here on two titles are offered as alike
MOST_OFFERED = 5
WORD = re.compile(r"[^\W_]+")
APOSTROPHES = dict.fromkeys(map(ord, "'’ʼ`´"))
# Words by which questions are asked, not what they are about.
COMMON = frozenset(
    WORD.findall(
        "a about an and are at be by can do does for from has have how in is it of on or our that the their this to "
        "was we what when where which who whom whose why will with you your much many "
        "а або але в від він вона вони де для до є з за зі і й із його її їх коли кого кому куди ми на наш не ні о об "
        "по про та так те ти то у хто це цей ця чи чиї чий чия чому що щоб як яка який які яке скільки"
    )
)


def offered(title: str, others: Iterable[tuple[int, str]]) -> list[int]:
    """Return the ids of those of `others` (id, title) that are alike `title`, the most alike first, at most five.

    Of two that are equally alike the later one (the greater id) comes first.
    """
    scored = [(likeness(title, other), topic_id) for topic_id, other in others]
    alike = sorted((pair for pair in scored if pair[0] >= ALIKE), reverse=True)
    return [topic_id for _score, topic_id in alike[:MOST_OFFERED]]


def likeness(one: str, other: str) -> int:
    """Return how much two titles are alike, from 0 to 1000; the order of the two makes no difference.

    Every word is matched with the word most alike on the other side; long words weigh more. Titles without a word
    are alike to nothing.
    """
    ours, theirs = _telling_words(one), _telling_words(other)
    if not ours or not theirs:
        return 0
    return (_found(ours, theirs) + _found(theirs, ours)) // 2


def _found(words: frozenset[str], among: frozenset[str]) -> int:
    """Return how much of `words` stands `among` others, per mille."""
    weight = sum(map(len, words))
    return sum(len(word) * max(_word_likeness(word, other) for other in among) for word in words) // weight


def _word_likeness(one: str, other: str) -> int:
    if one == other:
        return 1000
    ours, theirs = _trigrams(one), _trigrams(other)
    dice = 2000 * len(ours & theirs) // (len(ours) + len(theirs))
    return dice if dice >= 300 else 0  # two words share a trigram by chance


@lru_cache(maxsize=4096)
def _telling_words(title: str) -> frozenset[str]:
    words = WORD.findall(_folded(title))
    return frozenset(word for word in words if word not in COMMON) or frozenset(words)


@lru_cache(maxsize=4096)
def _trigrams(word: str) -> frozenset[str]:
    framed = f"  {word} "
    return frozenset(framed[at : at + 3] for at in range(len(framed) - 2))


def _folded(text: str) -> str:
    """Return `text` without case, accents and apostrophes; letters of their own such as "й" and "ї" stay letters."""
    spread = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold().translate(APOSTROPHES))
    kept = "".join(
        sign for at, sign in enumerate(spread) if not unicodedata.combining(sign) or _is_cyrillic(spread, at)
    )
    return unicodedata.normalize("NFC", kept)


def _is_cyrillic(text: str, at: int) -> bool:
    """Tell whether the mark at `at` makes a letter of its own: the breve of "й", the dots of "ї" and "ё"."""
    return at > 0 and text[at] in "\u0306\u0308" and text[at - 1] in "иіе"
