"""Sends a POST to an address somebody typed: over TLS, to public machines alone, once, quickly, without redirects.

A name is resolved once; every address it has is checked, and the connection goes to a checked address, so that a name
which answers differently the second time leads nowhere else (rebinding). Special-purpose addresses: the registries of
RFC 6890. The certificate is proved for the name that was typed.
"""

import http.client
import io
import socket
import ssl
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

SECONDS = 5.0
MOST_BYTES = 64 * 1024
LONGEST_URL = 2000

Ip = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Sequence[str]]

# What is_global has not always known (Python before 3.11.10), and what is global but carries other addresses inside.
NEVER_V4 = tuple(map(ip_network, ("192.0.0.0/24", "192.88.99.0/24", "224.0.0.0/4", "240.0.0.0/4")))
NEVER_V6 = tuple(map(ip_network, ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")))
UNICAST_V6 = ip_network("2000::/3")
# A newsroom's own network, into which the operator may let single names lead; the machine itself stays out of reach.
OWN = tuple(map(ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")))


class NotSent(Exception):
    """Nothing was taken by anybody, as far as we know; the message says why, without the address's secrets."""


class NotAllowedThere(NotSent):
    """The address is not one we send to; it will not become one by trying again."""


@dataclass(frozen=True)
class Answer:
    """What came back: the status, and the beginning of the body as text."""

    status: int
    text: str


def is_public(ip: Ip) -> bool:
    """Tell whether `ip` is an address of the public internet, and not one of special purpose."""
    if isinstance(ip, IPv6Address):
        if ip.ipv4_mapped:
            return is_public(ip.ipv4_mapped)
        return ip in UNICAST_V6 and not any(ip in each for each in NEVER_V6)
    return ip.is_global and not any(ip in each for each in NEVER_V4)


def is_own(ip: Ip) -> bool:
    """Tell whether `ip` is of a private network (not loopback, not link-local, where clouds keep their secrets)."""
    return any(ip in each for each in OWN if each.version == ip.version)


def resolve(host: str, port: int) -> list[str]:
    """Return the addresses of `host`, as the system knows them. Raises `OSError`."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_rest, address in found))


class Outside:
    """The world outside; what may be replaced is how names are resolved and judged, whom TLS trusts, and the patience.

    `private_hosts` are the names whose addresses may lie in a private network.
    """

    def __init__(
        self,
        *,
        private_hosts: Sequence[str] = (),
        resolve: Resolve = resolve,
        admits: Callable[[Ip], bool] = is_public,
        context: ssl.SSLContext | None = None,
        seconds: float = SECONDS,
    ) -> None:
        self._private_hosts = frozenset(host.lower() for host in private_hosts)
        self._resolve, self._admits, self._context, self._seconds = resolve, admits, context, seconds

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """POST `body` to `url` and return what is answered, whatever its status; a redirect is an answer like others.

        Takes no longer than the patience in all, and reads 64 KiB at most. Raises `NotSent`; after a time-out nobody
        knows whether the message arrived.
        """
        until = monotonic() + self._seconds
        host, port, target = _parts(url)
        try:
            addresses = self._checked(host, port, until)
            with self._connected(addresses, host, port, until) as connection:
                connection.sendall(_request(host, port, target, body, headers))
                return _answered(connection, until)
        except TimeoutError:
            raise NotSent("no answer in time") from None
        except ssl.SSLCertVerificationError as error:
            raise NotSent(f"the certificate is not valid: {error.verify_message}") from None
        except (OSError, http.client.HTTPException, UnicodeError) as error:
            raise NotSent(f"{type(error).__name__}: {error}"[:300]) from None

    def _checked(self, host: str, port: int, until: float) -> list[str]:
        """Return the addresses of `host`; one that is not allowed makes the whole name suspect."""
        found = _in_time(lambda: self._resolve(host, port), until)
        if not found:
            raise NotSent("the name has no address")
        for address in found:
            ip = ip_address(address.partition("%")[0])
            if not (self._admits(ip) or (host in self._private_hosts and is_own(ip))):
                raise NotAllowedThere(f"{host} leads to {ip}, which is not a public address")
        return list(found)

    def _connected(self, addresses: list[str], host: str, port: int, until: float) -> ssl.SSLSocket:
        self._context = self._context or ssl.create_default_context()
        raw = _first_to_answer(addresses, port, until)
        try:
            raw.settimeout(_left(until))
            return self._context.wrap_socket(raw, server_hostname=host)
        except BaseException:
            raw.close()
            raise


def _parts(url: str) -> tuple[str, int, str]:
    """Return host, port and target of an https address. Raises `NotAllowedThere`."""
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").encode("idna").decode(), parts.port or 443
    except ValueError:
        raise NotAllowedThere("that is no address") from None
    if len(url) > LONGEST_URL or not (url.isascii() and url.isprintable()) or " " in url:
        raise NotAllowedThere("that is no address")
    if parts.scheme != "https" or not host or "@" in parts.netloc:
        raise NotAllowedThere("only https addresses without a user are sent to")
    return host, port, (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def check(url: str) -> None:
    """Raise `NotAllowedThere` for what cannot be an address to send to, before any name is resolved."""
    host, _port, _target = _parts(url)
    if "." not in host and ":" not in host:
        raise NotAllowedThere("the name of the machine is not complete")


def _request(host: str, port: int, target: str, body: bytes, headers: Mapping[str, str]) -> bytes:
    shown = f"[{host}]" if ":" in host else host
    always = {
        "Host": shown if port == 443 else f"{shown}:{port}",
        "User-Agent": "patronage",
        "Accept": "*/*",
        "Connection": "close",
        "Content-Length": str(len(body)),
    }
    lines = [f"POST {target} HTTP/1.1", *(f"{name}: {value}" for name, value in {**always, **headers}.items())]
    return "\r\n".join([*lines, "", ""]).encode("ascii") + body


def _first_to_answer(addresses: list[str], port: int, until: float) -> socket.socket:
    problem: OSError | None = None
    for address in addresses:
        try:
            return socket.create_connection((address, port), _left(until))
        except OSError as error:
            problem = error
    raise problem or OSError("nobody answers")


def _answered(connection: ssl.SSLSocket, until: float) -> Answer:
    response = http.client.HTTPResponse(_Hurried(connection, until), method="POST")  # type: ignore[arg-type]  # it asks for makefile alone
    response.begin()
    try:
        body = response.read(MOST_BYTES)
    except http.client.IncompleteRead as cut:
        body = cut.partial
    return Answer(response.status, body.decode("utf-8", "replace"))


class _Hurried(io.RawIOBase):
    """Reads a connection until a moment, and so many bytes at most: slow drops must not add up."""

    def __init__(self, connection: ssl.SSLSocket, until: float) -> None:
        self._connection, self._until, self._bytes = connection, until, MOST_BYTES

    def makefile(self, *_mode: Any) -> io.BufferedReader:
        """Return what http.client reads from."""
        return io.BufferedReader(self)

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read what there is. Raises `TimeoutError` when time is up."""
        if self._bytes <= 0:
            return 0
        self._connection.settimeout(_left(self._until))
        count = self._connection.recv_into(buffer, min(len(buffer), self._bytes))
        self._bytes -= count
        return count


def _left(until: float) -> float:
    """Return how many seconds are left. Raises `TimeoutError`."""
    left = until - monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _in_time(ask: Callable[[], Sequence[str]], until: float) -> Sequence[str]:
    """Return what `ask` returns; the system's resolver has a patience of its own, which may be long."""
    said: list[Sequence[str]] = []
    failed: list[Exception] = []

    def run() -> None:
        try:
            said.append(ask())
        except Exception as error:  # noqa: BLE001 - carried over to whoever waits
            failed.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(_left(until))
    if failed:
        raise failed[0]
    if not said:
        raise TimeoutError
    return said[0]
