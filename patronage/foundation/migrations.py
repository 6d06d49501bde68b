"""Brings a database to the shape this version needs; wraps Alembic, which only this module imports."""

from pathlib import Path

from patronage.foundation.database import address

HERE = Path(__file__).resolve().parent.parent


def folder() -> Path:
    """Return where the migrations lie: beside the package in a checkout, inside it in a wheel."""
    carried = HERE / "migrations"
    return carried if carried.is_dir() else HERE.parent / "migrations"


def upgrade(database_url: str, revision: str = "head") -> None:
    """Run every migration up to `revision` on the database at `database_url`; each is its own transaction."""
    from alembic import command  # imported here: Alembic takes a quarter of a second that no page needs

    command.upgrade(configuration(database_url), revision)


def downgrade(database_url: str, revision: str) -> None:
    """Take the database back to `revision`; for tests and for operators who must."""
    from alembic import command

    command.downgrade(configuration(database_url), revision)


def configuration(database_url: str):  # type: ignore[no-untyped-def]
    """Return Alembic's configuration for `database_url`, without any .ini file."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(folder()))
    url = address(database_url).render_as_string(hide_password=False)
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    return config
