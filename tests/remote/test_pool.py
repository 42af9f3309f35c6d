"""One connection per host, whoever asks: against a real sshd."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Iterator

import pytest

from nixtui.model.host import Host
from nixtui.remote.errors import Unreachable
from nixtui.remote.pool import ConnectionPool
from nixtui.remote.transport import Script
from tests.remote.sshd import Sshd
from tests.remote.workstation import Workstation

HELLO = Script("hello", "echo hello")


@pytest.fixture
async def pool(workstation: Workstation, own_sshd: Sshd) -> AsyncIterator[ConnectionPool]:
    workstation.may_enter(own_sshd)
    pool = ConnectionPool(workstation.access(connect_timeout=2.0))
    yield pool
    await pool.close()


@pytest.fixture
def black_hole() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        yield int(listener.getsockname()[1])


async def test_all_who_ask_get_the_same_connection(pool: ConnectionPool, own_sshd: Sshd) -> None:
    transports = await asyncio.gather(*(pool.connect(own_sshd.host()) for _ in range(10)))
    assert len(set(map(id, transports))) == 1
    assert await pool.connect(own_sshd.host()) is transports[0]
    assert own_sshd.log.count("Accepted publickey") == 1


async def test_every_host_has_its_own(pool: ConnectionPool, own_sshd: Sshd) -> None:
    first, second = await asyncio.gather(pool.connect(own_sshd.host("a")), pool.connect(own_sshd.host("b")))
    assert first is not second
    assert (first.host.name, second.host.name) == ("a", "b")


async def test_a_lost_one_is_made_anew(pool: ConnectionPool, own_sshd: Sshd) -> None:
    before = await pool.connect(own_sshd.host())
    own_sshd.drop_connections()
    await asyncio.shield(before.closed)
    after = await pool.connect(own_sshd.host())
    assert after is not before
    assert (await after.run(HELLO)).stdout == "hello\n"


async def test_those_who_wait_together_fail_together(pool: ConnectionPool, black_hole: int) -> None:
    host = Host(name="web", address="127.0.0.1", port=black_hole)
    started = time.monotonic()
    results = await asyncio.gather(*(pool.connect(host) for _ in range(5)), return_exceptions=True)
    assert {type(result) for result in results} == {Unreachable}
    assert time.monotonic() - started < 4  # one after the other would take ten seconds


async def test_one_who_gives_up_does_not_take_the_others_along(pool: ConnectionPool, own_sshd: Sshd) -> None:
    for turns in range(0, 40, 4):
        host = own_sshd.host(f"web-{turns}")
        impatient, patient = (asyncio.create_task(pool.connect(host)) for _ in range(2))
        for _ in range(turns):
            await asyncio.sleep(0)
        impatient.cancel()
        assert (await (await patient).run(HELLO)).stdout == "hello\n"


async def test_one_who_comes_when_the_last_gave_up_starts_anew(pool: ConnectionPool, own_sshd: Sshd) -> None:
    for turns in range(1, 40, 4):
        host = own_sshd.host(f"web-{turns}")
        impatient = asyncio.create_task(pool.connect(host))
        for _ in range(turns):
            await asyncio.sleep(0)
        impatient.cancel()
        for _ in range(turns % 3):
            await asyncio.sleep(0)
        assert (await (await pool.connect(host)).run(HELLO)).stdout == "hello\n"


async def test_another_address_is_another_connection(
    pool: ConnectionPool, own_sshd: Sshd, workstation: Workstation, sshd: Sshd
) -> None:
    workstation.may_enter(sshd)
    before = await pool.connect(own_sshd.host())
    after = await pool.connect(sshd.host())
    assert after is not before
    assert before.closed.done()
    assert await pool.connect(sshd.host()) is after


async def test_closing_closes_everything(pool: ConnectionPool, own_sshd: Sshd, black_hole: int) -> None:
    transport = await pool.connect(own_sshd.host())
    waiting = asyncio.create_task(pool.connect(Host(name="slow", address="127.0.0.1", port=black_hole)))
    await asyncio.sleep(0)
    await pool.close()
    assert transport.closed.done()
    with pytest.raises(Unreachable, match="all connections are being closed"):
        await waiting


async def test_a_hundred_hosts_at_once(workstation: Workstation, own_sshd: Sshd) -> None:
    workstation.may_enter(own_sshd)
    pool = ConnectionPool(workstation.access(connect_timeout=60.0))
    hosts = [own_sshd.host(f"web-{number}") for number in range(100)]
    transports = await asyncio.gather(*map(pool.connect, hosts))
    answers = await asyncio.gather(*(transport.run(HELLO) for transport in transports))
    assert {answer.stdout for answer in answers} == {"hello\n"}
    await pool.close()
