"""What the desk writes to voters: plain text in a few paragraphs."""

from patronage.ballots import topics


def clean_lines(text: str) -> str:
    """Return `text` in NFC without signs nobody sees; an empty line parts two paragraphs, other breaks are spaces."""
    paragraphs = text.replace("\r\n", "\n").split("\n\n")
    return "\n\n".join(filter(None, (topics.clean(each) for each in paragraphs)))
