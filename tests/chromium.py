"""Where Chromium is: the machine's own, or the one that Playwright fetched."""

import os
import shutil
import subprocess
from pathlib import Path

ON_PATH = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
ON_MACOS = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
ARGUMENTS = [
    "--no-sandbox",  # root, as in a container, gets no sandbox
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def find() -> str | None:
    """The path of a Chromium that starts, or None. `PATRONAGE_TEST_CHROMIUM` names one."""
    named = os.environ.get("PATRONAGE_TEST_CHROMIUM")
    if named:
        return named if _starts(named) else None
    installed = [shutil.which(name) for name in ON_PATH]
    for path in [*installed, *ON_MACOS]:
        if path and _starts(path):
            return path
    own = _playwrights_own()
    return own if _starts(own) else None


def _starts(path: str) -> bool:
    """Ubuntu's `chromium-browser` is a stub that asks for snap: it is there, but does not start."""
    if not Path(path).exists():
        return False
    try:
        command = [path, "--version", "--no-sandbox"]
        return subprocess.run(command, check=False, capture_output=True, timeout=30).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def _playwrights_own() -> str:
    from playwright.sync_api import (
        sync_playwright,
    )  # prepare.py imports this module to install what is missing

    with sync_playwright() as playwright:
        return playwright.chromium.executable_path
