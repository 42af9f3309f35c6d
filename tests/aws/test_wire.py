"""The HTTP connection against servers that do not behave."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from nixtui.aws.wire import Answer, BadAnswer, Connection, Endpoint

HEAD = b"PUT / HTTP/1.1\r\nContent-Length: 3\r\n\r\n"


@contextmanager
def server(*answers: bytes) -> Iterator[Endpoint]:
    """Takes one connection for each answer, sends it after the request, and closes."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        for answer in answers:
            link, _ = listening.accept()
            with link:
                got = b""
                while len(got) < len(HEAD) + 3:
                    got += link.recv(4096)
                link.sendall(answer)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield Endpoint.of(f"http://127.0.0.1:{listening.getsockname()[1]}", True)
    finally:
        thread.join(10)
        listening.close()


def exchange(answer: bytes) -> Answer:
    with server(answer) as endpoint:
        connection = Connection(endpoint, timeout=5)
        try:
            return connection.exchange(HEAD, memoryview(b"abc"))
        finally:
            connection.close()


@pytest.mark.parametrize(
    ("answer", "status", "body"),
    [
        (b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}", 201, b"{}"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b""),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, b""),
        (b"HTTP/1.1 503\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n", 503, b"abcde"),
    ],
)
def test_answers_are_read_as_http_has_them(answer: bytes, status: int, body: bytes) -> None:
    got = exchange(answer)
    assert (got.status, got.body) == (status, body)


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000,
    ],
)
def test_what_is_no_answer_is_an_error_and_takes_no_memory(answer: bytes) -> None:
    with pytest.raises(BadAnswer):
        exchange(answer)


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab"])
def test_a_connection_that_ends_early_is_a_reset(answer: bytes) -> None:
    with pytest.raises(ConnectionResetError):
        exchange(answer)


def test_after_a_failure_the_next_exchange_connects_anew() -> None:
    with server(b"", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") as endpoint:
        connection = Connection(endpoint, timeout=5)
        with pytest.raises(ConnectionResetError):
            connection.exchange(HEAD, memoryview(b"abc"))
        assert connection.exchange(HEAD, memoryview(b"abc")).status == 200
        connection.close()


def test_a_server_that_says_nothing_is_given_up() -> None:
    listening = socket.create_server(("127.0.0.1", 0))
    connection = Connection(Endpoint.of(f"http://127.0.0.1:{listening.getsockname()[1]}", True), timeout=0.2)
    with pytest.raises(OSError):
        connection.exchange(HEAD, memoryview(b"abc"))
    listening.close()


def test_another_thread_can_cut_it() -> None:
    listening = socket.create_server(("127.0.0.1", 0))
    connection = Connection(Endpoint.of(f"http://127.0.0.1:{listening.getsockname()[1]}", True), timeout=60)
    ended = threading.Event()

    def run() -> None:
        with pytest.raises(OSError):
            connection.exchange(HEAD, memoryview(b"abc"))
        ended.set()

    thread = threading.Thread(target=run)
    thread.start()
    link, _ = listening.accept()
    while not link.recv(4096).endswith(b"abc"):
        pass
    connection.abort()
    assert ended.wait(10)
    thread.join()
    link.close()
    listening.close()
    with pytest.raises(ConnectionAbortedError):
        connection.exchange(HEAD, memoryview(b"abc"))
