"""What came with a form, without the characters nobody sees; and the story somebody came from, as it is kept."""

import re
import unicodedata

LONGEST_STORY = 500
UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn"}  # control, direction and joining marks, halves of characters, private ones
NO_STORY = re.compile(r"(?:javascript|vbscript|data|file|blob):", re.IGNORECASE)


def seen(typed: str) -> str:
    """Return `typed` without unseen characters, line ends as "\\n"."""
    lines = typed.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(sign for sign in lines if sign == "\n" or unicodedata.category(sign) not in UNSEEN)


def story(typed: str | None) -> str | None:
    """Return the address or id of a story as it is kept beside the money, or None.

    It may be cut and cleaned, never refused: nobody's gift fails for what a link carried.
    """
    kept = " ".join(seen(typed or "").split())[:LONGEST_STORY].strip()
    return None if not kept or NO_STORY.match(kept) else kept
