"""Posting to addresses that somebody typed: where it goes, where it does not, and how long it takes."""

import threading
from ipaddress import ip_address
from time import monotonic

import pytest

from patronage.foundation.outside import MOST_BYTES, NotAllowedThere, NotSent, Outside, check, is_own, is_public
from tests.fixtures.receiver import HOST, Receiver, asked, closed_port

INSIDE = (
    "127.0.0.1", "10.0.0.8", "172.16.5.4", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.1", "192.0.0.8",
    "198.18.0.1", "192.0.2.7", "203.0.113.9", "224.0.0.1", "240.0.0.1", "255.255.255.255", "192.88.99.1",
    "::", "::1", "::ffff:10.0.0.1", "::ffff:127.0.0.1", "fe80::1", "fc00::1", "fd00:ec2::254", "ff02::1",
    "64:ff9b::a00:1", "2002:7f00:1::1", "2001::1", "2001:db8::1",
)  # fmt: skip
TYPED_INSIDE = ("2130706433", "0177.0.0.1", "127.1", "0x7f.0.0.1", "[::1]", "[::ffff:169.254.169.254]", "0")


@pytest.mark.parametrize("address", INSIDE)
def test_an_address_inside_is_not_public(address: str) -> None:
    assert not is_public(ip_address(address))
    with pytest.raises(NotAllowedThere):
        Outside(resolve=asked([[address]])).post(f"https://{HOST}/", b"", {})


@pytest.mark.parametrize("address", ["93.184.215.14", "8.8.8.8", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"])
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize("host", TYPED_INSIDE)
def test_an_address_written_oddly_is_resolved_first_and_then_refused(host: str) -> None:
    with pytest.raises(NotAllowedThere):
        Outside().post(f"https://{host}/", b"", {})


def test_one_address_inside_among_others_spoils_the_name() -> None:
    with pytest.raises(NotAllowedThere):
        Outside(resolve=asked([["93.184.215.14", "10.0.0.1"]])).post(f"https://{HOST}/", b"", {})


@pytest.mark.parametrize(
    "url", ["http://receiver.example/", "https://user:word@receiver.example/", "ftp://x.example", "https:///x", "https://"
    "x.example:99999/", "https://x.example/a b", "https://x.example/\r\nHost: y", "https://localhost/", "https://[::1/"]
)  # fmt: skip
def test_what_is_no_address_for_us_is_refused_when_typed(url: str) -> None:
    with pytest.raises(NotAllowedThere):
        check(url)


def test_a_message_arrives_as_it_is_under_its_own_name(receiver: Receiver) -> None:
    answer = receiver.outside().post(receiver.url, b'{"a": 1}', {"Content-Type": "application/json"})
    assert (answer.status, answer.text) == (200, "thank you")
    (headers, body) = receiver.received[0]
    assert body == b'{"a": 1}'
    assert headers["host"] == f"{HOST}:{receiver.server_port}"


def test_a_name_is_resolved_once_and_the_checked_address_is_used(receiver: Receiver) -> None:
    """A second question, answered with an address inside, is never asked; with nothing left to say, it would fail."""
    answers = [["127.0.0.1"]]
    assert receiver.outside(resolve=asked(answers)).post(receiver.url, b"", {}).status == 200
    assert answers == []


def test_a_redirect_is_not_followed(receiver: Receiver) -> None:
    receiver.status, receiver.headers = 302, {"Location": receiver.url}
    assert receiver.outside().post(receiver.url, b"", {}).status == 302
    assert len(receiver.received) == 1


def test_a_long_answer_is_cut(receiver: Receiver) -> None:
    receiver.body = b"x" * (MOST_BYTES * 4)
    assert 1000 < len(receiver.outside().post(receiver.url, b"", {}).text) <= MOST_BYTES


def test_drops_do_not_add_up(receiver: Receiver) -> None:
    """Each byte comes in time; all of them together would take ten seconds."""
    receiver.body, receiver.drips = b"x" * 200, 0.05
    begun = monotonic()
    with pytest.raises(NotSent, match="in time"):
        receiver.outside(seconds=0.3).post(receiver.url, b"", {})
    assert monotonic() - begun < 2


def test_a_resolver_that_thinks_for_long_is_not_waited_for() -> None:
    never = threading.Event()
    outside = Outside(resolve=lambda _host, _port: ["127.0.0.1"] if never.wait(5) else [], seconds=0.1)
    with pytest.raises(NotSent, match="in time"):
        outside.post(f"https://{HOST}/", b"", {})
    never.set()


def test_a_certificate_that_nobody_vouches_for_is_refused(receiver: Receiver) -> None:
    with pytest.raises(NotSent, match="certificate"):
        receiver.outside(context=None).post(receiver.url, b"", {})
    with pytest.raises(NotSent, match="certificate"):
        receiver.outside().post(receiver.url.replace(HOST, "another.example"), b"", {})
    assert receiver.received == []


def test_nobody_there_is_said(receiver: Receiver) -> None:
    with pytest.raises(NotSent, match="refused"):
        receiver.outside().post(f"https://{HOST}:{closed_port()}/", b"", {})


def test_a_private_network_is_for_named_machines_alone_and_the_machine_itself_for_none() -> None:
    assert is_own(ip_address("10.0.0.1"))
    for address in ("169.254.169.254", "127.0.0.1", "::1"):
        with pytest.raises(NotAllowedThere):
            Outside(private_hosts=("chat.lan",), resolve=asked([[address]])).post("https://chat.lan/", b"", {})
    with pytest.raises(NotAllowedThere):
        Outside(private_hosts=("chat.lan",), resolve=asked([["10.0.0.1"]])).post("https://other.lan/", b"", {})
