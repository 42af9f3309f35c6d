"""TCP to names and addresses: on loopback, with real sockets."""

import asyncio
import socket
import threading
from collections.abc import Iterator

import pytest

from nixtui.remote import tcp
from tests.remote.sshd import free_port


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


async def connects(host: str, listener: socket.socket, **options: object) -> bool:
    port = listener.getsockname()[1]
    with await tcp.connect(host, port, socket.AF_UNSPEC, options.get("bind")) as sock:  # type: ignore[arg-type]
        return sock.getpeername()[1] == port


async def test_an_address(listener: socket.socket) -> None:
    assert await connects("127.0.0.1", listener)


async def test_a_name(listener: socket.socket) -> None:
    assert await connects("localhost", listener)


async def test_an_ipv6_address() -> None:
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as listening:
        assert await connects("::1", listening)


async def test_a_bound_address(listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    with await tcp.connect("127.0.0.1", port, socket.AF_INET, "127.0.0.2") as sock:
        assert sock.getsockname()[0] == "127.0.0.2"


async def test_a_refusal_keeps_its_reason_though_there_are_several_addresses() -> None:
    with pytest.raises(ConnectionRefusedError):
        await tcp.connect("localhost", free_port(), socket.AF_UNSPEC, None)


@pytest.mark.parametrize("name", ["nothing.invalid", "x" * 64 + ".invalid", "..", "a..b"])
async def test_a_name_that_is_none(name: str) -> None:
    with pytest.raises(socket.gaierror):
        await tcp.connect(name, 22, socket.AF_UNSPEC, None)


async def test_the_first_address_that_answers_wins_over_one_that_does_not(
    listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = listener.getsockname()[1]
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        fillers = [socket.socket() for _ in range(3)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
        answers = [full.getsockname(), ("127.0.0.1", port)]
        monkeypatch.setattr(
            socket,
            "getaddrinfo",
            lambda *_, **__: [(socket.AF_INET, socket.SOCK_STREAM, 6, "", place) for place in answers],
        )
        async with asyncio.timeout(10):
            with await tcp.connect("two.example.com", 0, socket.AF_UNSPEC, None) as sock:
                assert sock.getpeername()[1] == port
        for filler in fillers:
            filler.close()


async def test_a_name_server_that_hangs_holds_up_nobody_else(
    listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:

    goes_on = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: goes_on.wait(20) and [])
    stuck = [asyncio.create_task(tcp.connect(f"h{n}.example.com", 22, socket.AF_UNSPEC, None)) for n in range(50)]
    await asyncio.sleep(0)
    async with asyncio.timeout(10):
        assert await asyncio.to_thread(lambda: True)
        assert await connects("127.0.0.1", listener)
    for task in stuck:
        task.cancel()
    await asyncio.wait(stuck)
    goes_on.set()
