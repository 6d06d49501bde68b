"""Where the demo lives: its folder is its own, and what is somebody else's in it is never touched."""

import stat
from pathlib import Path

import pytest

from patronage.operation.demo_place import NotOurs, Place


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path, 8000, 8010)


def test_an_unfinished_demo_is_cleared_away(place: Place) -> None:
    place.write(place.generated("whsec_1"))
    for name in ("patronage.db", "patronage.db-wal", "sandbox.db", "clock"):
        (place.var / name).write_text("of an earlier demo")
    (place.var / "mail" / "new").mkdir(parents=True)
    (place.var / "mail" / "new" / "letter").write_text("a letter")
    place.begin_anew()
    assert [path.name for path in place.var.rglob("*") if path.is_file()] == []


def test_a_database_that_no_demo_made_is_never_deleted(place: Place) -> None:
    """`var/patronage.db` is also where a real newsroom's database lies by default."""
    database = place.var / "patronage.db"
    database.write_text("a year of real gifts")
    with pytest.raises(NotOurs, match=r"patronage\.db"):
        place.begin_anew()
    assert database.read_text() == "a year of real gifts"


def test_what_else_lies_in_the_folder_stays(place: Place) -> None:
    (place.var / "notes.txt").write_text("mine")
    place.begin_anew()
    assert (place.var / "notes.txt").read_text() == "mine"


def test_the_settings_come_back_as_they_were_written(place: Place) -> None:
    settings = place.generated("whsec_1")
    place.write(settings)
    assert place.written() == settings


def test_the_settings_are_readable_by_their_owner_alone(place: Place) -> None:
    place.env_file.write_text("of an earlier demo")
    place.env_file.chmod(0o644)
    place.write(place.generated("whsec_1"))
    assert stat.S_IMODE(place.env_file.stat().st_mode) == 0o600


def test_settings_follow_the_ports_of_today(place: Place) -> None:
    place.write(place.generated("whsec_1"))
    moved = Place(place.var, 9000, 9010).written()
    assert moved["PATRONAGE_BASE_URL"] == "http://127.0.0.1:9000"
    assert moved["PATRONAGE_STRIPE_API_BASE"] == "http://127.0.0.1:9010"


@pytest.mark.parametrize("port", ["0", "65536", "-1", "http", "8000.5", "²"])
def test_a_port_that_is_none_is_refused_with_a_sentence(port: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", port)
    with pytest.raises(SystemExit, match="PORT must be a port"):
        Place.from_environment()


def test_ports_and_folder_come_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in {"PORT": "9000", "SANDBOX_PORT": "9010", "VAR": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    assert Place.from_environment() == Place(tmp_path.resolve(), 9000, 9010)
