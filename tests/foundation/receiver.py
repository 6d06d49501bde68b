"""Somebody to send to: a server on loopback that speaks TLS under a name of its own, and keeps what it was sent."""

import socket
import ssl
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from ipaddress import IPv4Address
from pathlib import Path
from time import sleep
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from patronage.foundation.outside import Ip, Outside

HOST = "receiver.example"
LOOPBACK = IPv4Address("127.0.0.1")


def certificate(folder: Path) -> Path:
    """Write a certificate for `HOST`, signed by itself, with its key, into `folder`."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, HOST)])
    since = datetime.now(UTC) - timedelta(hours=1)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(since)
        .not_valid_after(since + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file = folder / "receiver.pem"
    file.write_bytes(secret + made.public_bytes(pem))
    return file


class Receiver(HTTPServer):
    """Answers every POST with `status`, `headers` and `body`; `received` holds (headers, body) of each.

    `drips` are the seconds it waits after each byte of the body.
    """

    def __init__(self, file: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.file = file
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.received: list[tuple[dict[str, str], bytes]] = []
        self.status, self.body, self.drips = 200, b"thank you", 0.0
        self.headers: dict[str, str] = {}
        self.url = f"https://{HOST}:{self.server_port}/hook"
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a sender who went away."""

    def outside(self, **given: Any) -> Outside:
        """The world outside, in which `HOST` is here and loopback is public."""
        context = ssl.create_default_context(cafile=str(self.file))
        known: dict[str, Any] = {"resolve": here, "admits": _is_loopback, "context": context}
        return Outside(**{**known, **given})


def here(_host: str, _port: int) -> list[str]:
    """Resolve every name to this machine."""
    return ["127.0.0.1"]


def _is_loopback(ip: Ip) -> bool:
    return ip == LOOPBACK


def asked(answers: list[list[str]]) -> Callable[[str, int], list[str]]:
    """A resolver that gives each of `answers` once, in turn."""
    return lambda _host, _port: answers.pop(0)


class _Handler(BaseHTTPRequestHandler):
    server: Receiver
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(self.server.status)
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(self.server.body)))
        self.end_headers()
        if self.server.drips:
            self._drip()
        else:
            self.wfile.write(self.server.body)
        self.close_connection = True

    def _drip(self) -> None:
        for each in self.server.body:
            self.wfile.write(bytes([each]))
            sleep(self.server.drips)

    def log_message(self, *_words: Any) -> None:
        """Say nothing: tests read `received`."""


def closed_port() -> int:
    """A port of loopback at which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
