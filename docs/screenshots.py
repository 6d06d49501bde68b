"""Takes the pictures of the README from a demo of its own: `make screenshots`."""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests import chromium
from tests.fixtures.ports import free_port

PICTURES = Path(__file__).parent / "pictures"
DESKTOP, PHONE = {"width": 1280, "height": 860}, {"width": 390, "height": 844}
LINK = re.compile(r"^\s+(patron|editor|bookkeeper|admin)\s+\S+\s+(http\S+)$", re.MULTILINE)


@contextmanager
def demo() -> Iterator[tuple[str, dict[str, str]]]:
    """Run a demo in a folder of its own; yield its address and the one-time links by role."""
    with tempfile.TemporaryDirectory() as var:
        ports = {"PORT": str(free_port()), "SANDBOX_PORT": str(free_port()), "VAR": var}
        command = [sys.executable, "-m", "patronage", "demo"]
        with subprocess.Popen(command, env={**os.environ, **ports}, stdout=subprocess.PIPE, text=True) as running:
            try:
                assert running.stdout
                said = ""
                for line in running.stdout:
                    said += line
                    if "Ctrl-C" in line:
                        break
                yield f"http://127.0.0.1:{ports['PORT']}", dict(LINK.findall(said))
            finally:
                running.terminate()


def page_of(browser: Browser, *, size: dict[str, int], link: str = "", scheme: str = "light") -> Page:
    """Return a page of a browser of that size, signed in by `link` if there is one."""
    page = browser.new_context(
        viewport=size,  # type: ignore[arg-type]  # a TypedDict with just these two keys
        color_scheme=scheme,  # type: ignore[arg-type]  # "light" or "dark"
        locale="en-GB",
    ).new_page()
    if link:
        page.goto(link)
        page.locator("main form button[type=submit]").first.click()
        page.wait_for_load_state()
    return page


def main() -> None:
    """Take all pictures."""
    PICTURES.mkdir(exist_ok=True)
    path = chromium.find()
    with demo() as (url, links), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=chromium.ARGUMENTS)
        reader = page_of(browser, size=DESKTOP)
        take(reader, f"{url}/support?interval=month", "support")
        patron = page_of(browser, size=PHONE, link=links["patron"])
        take(patron, f"{url}/topics/3", "ballot")
        night = page_of(browser, size=PHONE, scheme="dark")
        take(night, f"{url}/support?interval=month", "support-dark")
        take(patron, f"{url}/account", "account")
        desk = page_of(browser, size=DESKTOP, link=links["editor"])
        take(desk, f"{url}/desk/rounds/1", "result")
        browser.close()


def take(page: Page, url: str, name: str) -> None:
    """Save what one sees first of `url`."""
    page.goto(url)
    page.screenshot(path=PICTURES / f"{name}.png")


if __name__ == "__main__":
    main()
