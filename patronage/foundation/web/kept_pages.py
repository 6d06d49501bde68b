"""Pages that are the same for every stranger: drawn once, kept as bytes with an ETag, sent without a cookie."""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from flask import Response, request

from patronage.foundation.web.kept_answers import KEPT

MOST_PAGES = 512
HTML = "text/html; charset=utf-8"
CACHE_CONTROL = "public, max-age=0, must-revalidate"


@dataclass(frozen=True)
class KeptPage:
    """One drawn page: its bytes and the mark by which a browser asks whether it still holds."""

    body: bytes
    etag: str


class KeptPages:
    """The pages this process has drawn, by key; the oldest go first.

    A key holds everything a page depends on (address, language, version of the identity, state of what it shows),
    so a page is never stale: what has changed has another key.
    """

    def __init__(self) -> None:
        self._pages: OrderedDict[Hashable, KeptPage] = OrderedDict()
        self._lock = threading.Lock()

    def answer(self, key: Hashable, draw: Callable[[], str], content_type: str = HTML) -> Response:
        """Return the page of `key`, drawing it if need be; 304 for a reader who has it already."""
        request.environ[KEPT] = True
        page = self._pages.get(key)
        if page is None:
            body = draw().encode()
            page = KeptPage(body, '"' + hashlib.sha256(body).hexdigest()[:24] + '"')
            self._keep(key, page)
        headers = {"ETag": page.etag, "Cache-Control": CACHE_CONTROL, "Vary": "Accept-Language"}
        if _is_known(page.etag):
            return Response(status=304, headers=headers)
        return Response(page.body, headers=headers, content_type=content_type)

    def _keep(self, key: Hashable, page: KeptPage) -> None:
        with self._lock:
            self._pages[key] = page
            while len(self._pages) > MOST_PAGES:
                self._pages.popitem(last=False)


def _is_known(etag: str) -> bool:
    """Tell whether the reader has the page of `etag`: named alone as browsers do, in a list, or weakened by a proxy."""
    asked = request.headers.get("If-None-Match")
    return asked is not None and (asked == etag or request.if_none_match.contains_weak(etag.strip('"')))
