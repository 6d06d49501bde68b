"""Writes the next migration: compares the models with a database that has every migration so far.

`make migration NAME="add tiers"` runs it. What it writes is a draft: read it, and try it on both databases.
"""

import sys
import tempfile
from pathlib import Path

from alembic import command

from patronage.foundation.migrations import configuration, folder, upgrade


def write(name: str) -> None:
    """Writes `migrations/versions/<next number>_<name>.py`."""
    number = 1 + len(list((folder() / "versions").glob("[0-9]*.py")))
    with tempfile.TemporaryDirectory() as scratch:
        url = f"sqlite:///{Path(scratch) / 'migrated.db'}"
        upgrade(url)
        config = configuration(url)
        config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
        command.revision(config, message=name, autogenerate=True, rev_id=f"{number:04d}")


if __name__ == "__main__":
    write(sys.argv[1])
