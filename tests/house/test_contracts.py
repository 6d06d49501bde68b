"""The directions in which rooms import, as pyproject.toml lays them down."""

import subprocess
import sys
from pathlib import Path

from tests.house.source import ROOT


def test_rooms_import_in_one_direction() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
