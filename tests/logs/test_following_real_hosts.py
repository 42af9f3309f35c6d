"""The journals of real hosts: read, followed, and taken up again where a link broke."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from nixtui.logs.follower import FeedState, Pace
from nixtui.logs.line import Kind
from nixtui.logs.query import LogQuery
from nixtui.logs.tail import LogTail
from nixtui.model.host import Host as Inventoried
from nixtui.remote.access import SshAccess
from nixtui.remote.pool import ConnectionPool
from nixtui.remote.prompter import Nobody
from nixtui.remote.settings import ElevationMode, SshSettings
from tests.lab.host import Host

pytestmark = pytest.mark.lab


@asynccontextmanager
async def tailed(
    host: Host, query: LogQuery | None = None, *, user: str = "root", elevate: ElevationMode = ElevationMode.NONE
) -> AsyncIterator[LogTail]:
    settings = SshSettings(
        config_files=(str(host.access.ssh_config),), elevate=elevate, connect_timeout=2, keepalive_interval=1
    )
    pool = ConnectionPool(SshAccess(settings, Nobody()))
    inventoried = Inventoried(name=host.name, address=host.name, user=user)
    tail = LogTail([inventoried], query or LogQuery(), pool, clock=time.time, pace=Pace(0.1, 0.2))
    running = asyncio.create_task(tail.run())
    try:
        yield tail
    finally:
        running.cancel()
        await asyncio.wait((running,))
        await pool.close()


async def until(condition: Callable[[], object], what: str) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - journals set no events
            await asyncio.sleep(0.02)


def messages(tail: LogTail, beginning: str) -> list[str]:
    return [line.message for line in tail.buffer.lines if line.message.startswith(beginning)]


def remarks(tail: LogTail) -> list[str]:
    return [line.message for line in tail.buffer.lines if line.kind in (Kind.NOTE, Kind.TROUBLE)]


def following(tail: LogTail) -> bool:
    return tail.states[FeedState.FOLLOWING] == 1


async def test_what_was_written_and_what_is_being_written(host: Host) -> None:
    host.sh("logger -t shop -p user.err before; logger -t shop other")
    host.wait_until(lambda: "other" in host.sh("journalctl -t shop -o cat"))
    async with tailed(host) as tail:
        await until(lambda: following(tail) and messages(tail, "before"), "following")
        host.sh("systemd-cat -t shop -p warning echo 'after \u00e9'")
        await until(lambda: messages(tail, "after"), "after")
        line = next(line for line in tail.buffer.lines if line.message.startswith("after"))
        assert (line.message, line.priority, line.identifier) == ("after é", 4, "shop")


async def test_units_priorities_and_texts_are_left_to_the_host(host: Host) -> None:
    host.sh("echo Hello >/run/greeting")
    host.sh("systemd-run --quiet --wait --unit=talker sh -c 'cat /run/greeting; echo no'")
    async with tailed(host, LogQuery(units=("talker.service",), grep="hello")) as tail:
        await until(lambda: following(tail) and messages(tail, "Hello"), "following")
        assert [line.message for line in tail.buffer.lines if line.kind is Kind.ENTRY] == ["Hello"]
        assert tail.buffer.lines[-1].unit == "talker.service"
    async with tailed(host, LogQuery(priority=3)) as tail:
        await until(lambda: following(tail), "following")
        host.sh("logger -p user.info quiet; logger -p user.crit loud")
        await until(lambda: messages(tail, "loud"), "loud")
        assert messages(tail, "quiet") == []


async def test_after_a_break_of_the_link_nothing_is_missing_and_nothing_comes_twice(host: Host) -> None:
    host.sh("logger number 0")
    async with tailed(host) as tail:
        await until(lambda: following(tail) and messages(tail, "number 0"), "following")
        host.sh("for n in 1 2 3; do logger number $n; done")
        await until(lambda: messages(tail, "number 3"), "before the break")
        host.link_down()
        await until(tail.trouble, "the break is noticed")
        host.sh("for n in 4 5 6; do logger number $n; done")
        host.link_up()
        await until(lambda: messages(tail, "number 6"), "what was written meanwhile")
        host.sh("logger number 7")
        await until(lambda: messages(tail, "number 7"), "what is written now")
        assert messages(tail, "number") == [f"number {n}" for n in range(8)]
        said = remarks(tail)
        assert len(said) >= 2
        assert "connected again" in said[-1]
        assert not any("no longer" in each for each in said)


async def test_nothing_is_left_on_the_host_when_nobody_listens_any_more(host: Host) -> None:
    async with tailed(host) as tail:
        await until(lambda: following(tail), "following")
        assert host.run("pgrep -x journalctl").code == 0
    await host.until(lambda: host.run("pgrep -x journalctl").code == 1, what="journalctl to end")


async def test_a_login_that_sees_little_reads_as_root_or_is_told_so(host: Host) -> None:
    host.sh("logger -t secretive for root only")
    async with tailed(host, user="deploy", elevate=ElevationMode.SUDO) as tail:
        await until(lambda: messages(tail, "for root only"), "read as root")
        assert remarks(tail) == []
    async with tailed(host, user="plain", elevate=ElevationMode.SUDO) as tail:
        await until(lambda: following(tail) and remarks(tail), "told so")
        assert messages(tail, "for root only") == []
        assert "only a part of its journal" in remarks(tail)[0]


async def test_hostile_messages_are_harmless(host: Host) -> None:
    host.sh(r"printf 'evil \033[2J\033]0;owned\007 text\n' | systemd-cat -t evil")
    host.sh("head -c 6000 /dev/zero | tr '\\0' x | systemd-cat -t long")
    host.wait_until(lambda: "xxx" in host.sh("journalctl -t long -o cat"))
    async with tailed(host) as tail:
        await until(lambda: messages(tail, "evil"), "evil")
        assert messages(tail, "evil") == ["evil  text"]
        long = [line for line in tail.buffer.lines if line.identifier == "long"]
        assert long
        assert all(len(line.message) < 9000 for line in long)
