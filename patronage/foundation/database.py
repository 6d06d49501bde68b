"""The database: how it is opened, and the only place where a transaction is committed."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from sqlalchemy import BigInteger, DateTime, Engine, Enum, Integer, MetaData, create_engine, event, text
from sqlalchemy.engine import URL, Connection, Dialect, make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from sqlalchemy.orm import DeclarativeBase, Session, mapped_column
from sqlalchemy.types import TypeDecorator

BUSY_SECONDS = 10.0
CONNECT_SECONDS = 5  # a machine that is gone does not refuse, it says nothing

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """What every table's class derives from; constraints are named by one convention on both databases."""

    metadata = MetaData(naming_convention=NAMES)


class UTCDateTime(TypeDecorator[datetime]):
    """An aware datetime, kept in UTC: `timestamptz` on PostgreSQL, text in UTC on SQLite."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive datetimes (`ValueError`); hand the rest over in UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Return what is stored as an aware datetime in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def words(kind: type[StrEnum], name: str | None = None) -> Enum:
    """Return a column type that stores the values of `kind` as text under a check constraint (called `name`)."""
    return Enum(
        kind,
        native_enum=False,
        create_constraint=True,
        length=32,
        name=name or kind.__name__.lower(),
        values_callable=lambda members: [member.value for member in members],
    )


Id = Annotated[int, mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)]
Key = BigInteger().with_variant(Integer, "sqlite")
Moment = Annotated[datetime, mapped_column(UTCDateTime)]


class Busy(Exception):
    """The database was locked for longer than we wait; nothing was written."""


def address(url: str) -> URL:
    """Return the SQLAlchemy address for `url`; both databases are spoken to through the drivers we ship."""
    parsed = make_url(url)
    if parsed.get_backend_name() in {"postgresql", "postgres"}:
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() == "sqlite":
        return parsed.set(drivername="sqlite+pysqlite")
    raise ValueError(f"{parsed.drivername} is not a database this service runs on; use sqlite:/// or postgresql://")


class Database:
    """One database and its connections; SQLite by default, PostgreSQL for several machines."""

    def __init__(self, url: str, *, connections: int = 10, mail_domain: str = "localhost") -> None:
        self.url = address(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = _sqlite(self.url) if self.is_sqlite else _postgresql(self.url, connections)
        self._writer = self.engine.execution_options(writing=True)
        self._asker = self.engine if self.is_sqlite else self.engine.execution_options(isolation_level="AUTOCOMMIT")
        self._turn = threading.Lock()
        self._info = {"mail_domain": mail_domain}  # what letters written in a session put into their Message-ID

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Open a transaction that may write: committed when the block ends, rolled back when it raises.

        On SQLite it begins IMMEDIATE, and writers of this process queue at a lock of our own, since SQLite's busy
        handler sleeps and lets late comers overtake. Raises `Busy` when it waited too long.
        """
        with self._one_writer(), self._session(self._writer) as session, session.begin():
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Open a transaction that only reads; it takes no lock on SQLite and never waits for a writer."""
        with self._session(self.engine) as session:
            yield session

    @contextmanager
    def asking(self) -> Iterator[Session]:
        """Ask a single question that streams nothing, on a hot path.

        On PostgreSQL there is no transaction around it, whose beginning and end would each be one more trip.
        """
        with self._session(self._asker) as session:
            yield session

    def _session(self, engine: Engine) -> Session:
        return Session(engine, expire_on_commit=False, info=self._info)

    @contextmanager
    def _one_writer(self) -> Iterator[None]:
        if not self.is_sqlite:
            yield
            return
        if not self._turn.acquire(timeout=BUSY_SECONDS):
            raise Busy("another writer held the database for too long")
        try:
            yield
        finally:
            self._turn.release()

    def durability_problem(self) -> str | None:
        """Say what would lose acknowledged writes when the power fails, or None."""
        with self.engine.connect() as connection:
            if self.is_sqlite:
                level = connection.execute(text("PRAGMA synchronous")).scalar_one()
                return None if level >= 2 else "SQLite runs with synchronous below FULL"
            level = connection.execute(text("SHOW synchronous_commit")).scalar_one()
            return "PostgreSQL runs with synchronous_commit=off; switch it on" if level == "off" else None

    def empty_log(self) -> None:
        """Have SQLite write what was committed into its file and empty the log beside it, which keeps deleted bytes.

        A reader that stays for long keeps the log, and the next call finds it. PostgreSQL recycles its own.
        """
        if self.is_sqlite:
            with self.engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    def forget_connections(self) -> None:
        """Drop what a forked child inherited; the parent keeps its own connections."""
        self._turn = threading.Lock()
        self.engine.dispose(close=False)

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def _sqlite(url: URL) -> Engine:
    if url.database and url.database != ":memory:":
        with suppress(OSError):  # SQLite itself says then that the file cannot be opened
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        url,
        pool_size=20,
        pool_timeout=BUSY_SECONDS,
        hide_parameters=True,
        connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves, see below
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writing = connection.get_execution_options().get("writing", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")

    return engine


def _postgresql(url: URL, connections: int) -> Engine:
    return create_engine(
        url,
        pool_size=connections,
        max_overflow=5,
        pool_timeout=BUSY_SECONDS,
        hide_parameters=True,  # the text of an error goes into the log, and what was asked for may be a secret
        connect_args={
            "connect_timeout": CONNECT_SECONDS,
            "options": "-c timezone=UTC -c lock_timeout=10s -c idle_in_transaction_session_timeout=60s",
        },
    )


def is_unavailable(error: BaseException) -> bool:
    """Tell whether `error` means that the database cannot be used just now (locked, gone, full, all of it taken)."""
    was_cut = isinstance(error, DBAPIError) and error.connection_invalidated
    return was_cut or isinstance(error, Busy | OperationalError | InterfaceError | NoConnectionFree)
