"""Who may be given which role."""

from datetime import datetime

import pytest

from patronage.foundation.database import Database
from patronage.people import people, staff


def test_a_role_that_does_not_exist_is_refused(database: Database, now: datetime) -> None:
    with database.transaction() as session, pytest.raises(staff.NoSuchRole):
        staff.grant(session, "olena@example.org", "owner", now)


def test_nothing_is_taken_from_somebody_unknown(database: Database, now: datetime) -> None:
    with database.transaction() as session, pytest.raises(people.NobodyHere):
        staff.revoke(session, "olena@example.org", "editor", now)


def test_whoever_is_given_a_role_need_not_be_known_before(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        person = staff.grant(session, "Olena@example.org", "admin", now)
        assert staff.roles_of(session, person.id) == {"admin"}
        assert person.email == "Olena@example.org"
