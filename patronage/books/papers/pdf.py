"""Papers as PDF, set by typst: tagged (PDF/UA-1) and made to last (PDF/A-2a), with the fonts typst carries inside.

Typst is the extra `[pdf]`; without it there are pages only. Texts of people reach the template as data, never as
markup. Libertinus Serif, which is embedded in typst, covers Latin, Cyrillic with all Ukrainian letters, and Greek, so
that a paper looks the same on every machine.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime, time
from functools import lru_cache, partial
from importlib.util import find_spec
from pathlib import Path

from patronage.books.papers.documents import Document
from patronage.foundation.logs import log

TEMPLATE = "books/paper.typ"


@lru_cache(maxsize=1)
def is_here() -> bool:
    """Tell whether papers can be made here."""
    return find_spec("typst") is not None


def render(document: Document, templates: Path) -> bytes:
    """Return `document` as PDF, the same bytes for the same words; `templates` is where the templates lie.

    A letter that no font has would break the standards, which promise that every sign can be read; such a paper is
    still made, tagged, without the promise.
    """
    import typst

    given = {"data": json.dumps(document.data(), ensure_ascii=False)}
    made_at = datetime.combine(document.made_at.date(), time(), UTC)
    source = (templates / TEMPLATE).read_bytes()
    compile_it: Callable[..., bytes] = partial(  # the package's own types say None, meant for when it writes a file
        typst.compile, source, sys_inputs=given, ignore_system_fonts=True, timestamp=made_at
    )  # type: ignore[assignment]
    try:
        return compile_it(pdf_standards=["ua-1", "a-2a"])
    except typst.TypstError as error:
        log().warning("a paper breaks the standards it should keep", title=document.title, error=str(error)[:300])
        return compile_it()
