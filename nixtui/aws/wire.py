"""HTTP/1.1 over one plain socket that is kept open: as much of it as putting blocks needs, and no more.

Measured over TLS on loopback, a block of 512 KiB costs less than half the CPU time that it costs through boto3.
"""

import socket
import ssl
import struct
from dataclasses import dataclass, field
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

CONNECT_TIMEOUT_S = 5.0
ANSWER_TIMEOUT_S = 30.0
_LONGEST_HEAD = 32 * 1024
_LONGEST_BODY = 64 * 1024


class BadAnswer(OSError):
    """What came back is no HTTP, or more of it than any answer here has."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a service listens; `context` is `None` for plain HTTP. `proxy` is host and port of an HTTP proxy."""

    host: str
    port: int
    authority: str
    context: ssl.SSLContext | None = None
    proxy: tuple[str, int] | None = None

    @classmethod
    def of(cls, url: str, ca_bundle: str | bool) -> "Endpoint":
        """The endpoint that a URL names, reached through the proxy that the environment names for it."""
        parts = urlsplit(url)
        host = parts.hostname or ""
        secure = parts.scheme == "https"
        context = None
        if secure:
            context = ssl.create_default_context(cafile=ca_bundle if isinstance(ca_bundle, str) else None)
        return cls(
            host=host,
            port=parts.port or (443 if secure else 80),
            authority=parts.netloc.rpartition("@")[2],
            context=context,
            proxy=_proxy(parts.scheme, host) if secure else None,
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """A status with headers (names in small letters) and body."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


class Connection:
    """One connection, opened when first used, and again after it broke. Not for two threads at once."""

    def __init__(self, endpoint: Endpoint, *, timeout: float = ANSWER_TIMEOUT_S) -> None:
        self._endpoint = endpoint
        self._timeout = timeout
        self._socket: socket.socket | None = None
        self._aborted = False

    def exchange(self, head: bytes, body: memoryview) -> Answer:
        """Send a request and read its answer. Raises `OSError`; the connection is then closed."""
        try:
            link = self._socket or self._open()
            link.sendall(head)
            link.sendall(body)
            answer = _read_answer(link)
        except BaseException:
            self.close()
            raise
        if answer.headers.get("connection", "").lower() == "close":
            self.close()
        return answer

    def close(self) -> None:
        """Close it; the next exchange opens another."""
        link, self._socket = self._socket, None
        if link is not None:
            link.close()

    def abort(self) -> None:
        """From another thread: what is under way fails at once, and nothing more is begun."""
        self._aborted = True
        link = self._socket
        if link is not None:
            try:
                link.shutdown(socket.SHUT_RDWR)
            except OSError:
                return  # it was closed already

    def _open(self) -> socket.socket:
        if self._aborted:
            raise ConnectionAbortedError("stopped")
        endpoint = self._endpoint
        link = socket.create_connection(endpoint.proxy or (endpoint.host, endpoint.port), CONNECT_TIMEOUT_S)
        try:
            _limit(link, self._timeout)
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            link.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            if endpoint.proxy:
                _tunnel(link, endpoint)
            if endpoint.context is not None:
                link = endpoint.context.wrap_socket(link, server_hostname=endpoint.host)
        except BaseException:
            link.close()
            raise
        self._socket = link
        return link


def _limit(link: socket.socket, seconds: float) -> None:
    """Have the kernel watch the time: with a time limit of Python's the socket would not block, and a block would be
    written in dozens of pieces, each with a poll and the interpreter's lock.
    """
    whole = int(seconds)
    limit = struct.pack("@ll", whole, int((seconds - whole) * 1_000_000))
    link.settimeout(None)
    link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
    link.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)


def _tunnel(link: socket.socket, endpoint: Endpoint) -> None:
    target = f"{endpoint.host}:{endpoint.port}"
    link.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
    status, _, _ = _read_head(link)
    if status != 200:
        raise BadAnswer(f"the proxy answered {status}")


def _read_answer(link: socket.socket) -> Answer:
    status, headers, rest = _read_head(link)
    while 100 <= status < 200:
        status, headers, rest = _read_head(link, rest)
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return Answer(status, headers, _read_chunks(link, rest))
    length = headers.get("content-length", "0")
    if not (length.isascii() and length.isdecimal()) or int(length) > _LONGEST_BODY:
        raise BadAnswer(f"an answer of {length[:20]} bytes")
    return Answer(status, headers, _read_to(link, rest, int(length))[: int(length)])


def _read_head(link: socket.socket, begun: bytes = b"") -> tuple[int, dict[str, str], bytes]:
    received = begun
    while (end := received.find(b"\r\n\r\n")) < 0:
        if len(received) > _LONGEST_HEAD:
            raise BadAnswer("an answer whose head does not end")
        received += _more(link)
    first, *lines = received[:end].decode("latin-1").split("\r\n")
    words = first.split(" ", 2)
    if len(words) < 2 or not words[0].startswith("HTTP/1.") or not (words[1].isascii() and words[1].isdecimal()):
        raise BadAnswer("an answer that is no HTTP")
    named = (line.partition(":") for line in lines)
    return int(words[1]), {name.strip().lower(): value.strip() for name, _, value in named}, received[end + 4 :]


def _read_chunks(link: socket.socket, begun: bytes) -> bytes:
    body, rest = b"", begun
    while True:
        while (end := rest.find(b"\r\n")) < 0:
            rest = _read_to(link, rest, len(rest) + 1)
        try:
            length = int(rest[:end].partition(b";")[0], 16)
        except ValueError:
            raise BadAnswer("an answer with a broken chunk") from None
        if length < 0 or length + len(body) > _LONGEST_BODY:
            raise BadAnswer("an answer without end")
        rest = _read_to(link, rest[end + 2 :], length + 2)
        if length == 0:
            return body
        body, rest = body + rest[:length], rest[length + 2 :]


def _read_to(link: socket.socket, begun: bytes, length: int) -> bytes:
    received = begun
    while len(received) < length:
        received += _more(link)
    return received


def _more(link: socket.socket) -> bytes:
    got = link.recv(16384)
    if not got:
        raise ConnectionResetError("the server closed the connection")
    return got


def _proxy(scheme: str, host: str) -> tuple[str, int] | None:
    named = getproxies().get(scheme)
    if not named or proxy_bypass(host):
        return None
    parts = urlsplit(named if "//" in named else f"//{named}")
    return (parts.hostname, parts.port or 8080) if parts.hostname else None
