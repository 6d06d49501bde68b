"""By which key an address is known, and who is behind it."""

import threading
from datetime import datetime

import pytest
from sqlalchemy import func, select

from patronage.foundation.database import Database
from patronage.people import people
from patronage.people.models import Person
from patronage.people.people import BadAddress, email_key


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("Olena@Example.ORG", "olena@example.org"),
        ("Olena+news@example.org", "olena+news@example.org"),
        ("o.lena@gmail.com", "o.lena@gmail.com"),
        ("jose\N{COMBINING ACUTE ACCENT}@example.org", "jos\N{LATIN SMALL LETTER E WITH ACUTE}@example.org"),
        ("Редакція@пошта.укр", "редакція@xn--80a1acn3a.xn--j1amh"),
        ("a@bücher.example", "a@xn--bcher-kva.example"),
    ],
)
def test_one_address_has_one_key_however_it_is_typed(typed: str, key: str) -> None:
    assert email_key(typed) == key


def test_look_alikes_of_compatibility_stay_apart() -> None:
    assert email_key("\N{FULLWIDTH LATIN SMALL LETTER A}dmin@example.org") != email_key("admin@example.org")


@pytest.mark.parametrize(
    "typed",
    [
        "", " ", "olena", "olena@", "@example.org", "olena@localhost", "a@b@example.org", "olena@example..org",
        "olena@example.org\n", "olena@example.org\r\nBcc: all@example.org", "ole\tna@example.org",
        "ole\0na@example.org",
        "\N{RIGHT-TO-LEFT OVERRIDE}olena@example.org", "olena@exam\N{LEFT-TO-RIGHT MARK}ple.org",
        "o\N{ZERO WIDTH SPACE}lena@example.org", "olena@\N{LINE SEPARATOR}example.org", "a" * 250 + "@example.org",
        "Olena <olena@example.org>", '"o lena"@example.org', "olena@[127.0.0.1]",
    ],
)  # fmt: skip
def test_what_no_letter_could_reach_is_refused(typed: str) -> None:
    with pytest.raises(BadAddress):
        email_key(typed)


def test_an_address_is_kept_as_typed_and_found_by_its_key(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        added = people.find_or_add(session, "Olena@Example.org", now, name="Olena", language="uk")
        again = people.find_or_add(session, "olena@EXAMPLE.org", now, name="Somebody else")
        assert (again.id, again.email, again.name, again.language) == (added.id, "Olena@Example.org", "Olena", "uk")


def test_nobody_is_found_under_an_address_nobody_has(database: Database, now: datetime) -> None:
    with database.reading() as session:
        assert people.find(session, "olena@example.org") is None
        with pytest.raises(people.NobodyHere):
            people.known(session, "olena@example.org")


def test_many_requests_at_once_add_one_person(database: Database, now: datetime) -> None:
    together, found = threading.Barrier(4), []

    def add() -> None:
        together.wait()
        with database.transaction() as session:
            found.append(people.find_or_add(session, "olena@example.org", now).id)

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Person)) == 1
    assert len(found) == 4
    assert len(set(found)) == 1
