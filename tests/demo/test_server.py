"""The SSH server of a demo host."""

import asyncio

import asyncssh
import pytest

from nixtui.remote.errors import NoAnswer
from nixtui.remote.transport import Script
from tests.demo.conftest import Start, processes_of
from tests.demo.waiting import until_true

HOST = "web-1"


async def test_output_input_and_exit_status_are_the_commands_own(start: Start) -> None:
    async with start(HOST) as operator:
        done = await operator.run(HOST, "echo out; echo err >&2; exit 7")
        assert (done.stdout, done.stderr, done.exit_status) == ("out\n", "err\n", 7)
        killed = await operator.run(HOST, "kill -KILL $$")
        assert killed.exit_status == 128 + 9


async def test_a_megabyte_arrives_whole(start: Start) -> None:
    async with start(HOST) as operator:
        done = await operator.run(HOST, f"i=0; while [ $i -lt 20000 ]; do echo $i{'.' * 45}; i=$((i+1)); done")
        lines = done.stdout.splitlines()
        assert len(lines) == 20000 and lines[-1].startswith("19999.")


async def test_a_channel_talks_both_ways(start: Start) -> None:
    async with (
        start(HOST) as operator,
        operator.at(HOST) as transport,
        transport.open(Script("echo", "echo ready; while read -r word; do echo you said $word; done")) as channel,
    ):
        lines = channel.lines()
        assert await anext(lines) == "ready"
        for word in ("one", "two"):
            channel.write(f"{word}\n")
            assert await anext(lines) == f"you said {word}"


async def test_what_runs_when_its_channel_is_closed_ends(start: Start) -> None:
    async with start(HOST) as operator:
        directory = operator.fleet.directory
        async with operator.at(HOST) as transport:
            with pytest.raises(NoAnswer):
                await transport.run(Script("wait", "sleep 4711"), timeout=0.5)
        await until_true(lambda: not any("4711" in each for each in processes_of(directory).values()))


async def test_the_guard_outlives_its_channel(start: Start) -> None:
    """It ignores SIGHUP and SIGPIPE, and so do its children."""
    async with start(HOST) as operator:
        out = operator.fleet.directory / "out"
        async with operator.at(HOST) as transport:
            with pytest.raises(NoAnswer):
                await transport.run(Script("guard", f"trap '' HUP PIPE; sleep 1; echo; echo on >{out}"), timeout=0.5)
        await until_true(out.exists)


async def test_many_commands_at_once(start: Start) -> None:
    async with start(HOST) as operator, operator.at(HOST) as transport:
        answers = await asyncio.gather(*(transport.run(Script("n", f"echo {n}")) for n in range(40)))
        assert [int(done.stdout) for done in answers] == list(range(40))


async def test_only_the_demos_key_is_let_in(start: Start) -> None:
    async with start(HOST) as operator:
        host = operator.hosts[HOST]
        stranger = asyncssh.generate_private_key("ssh-ed25519")
        with pytest.raises(asyncssh.PermissionDenied):
            await asyncssh.connect(
                host.address, host.port or 0, username="ops", client_keys=[stranger], known_hosts=None, config=None
            )


async def test_a_terminal_has_a_shell_on_this_host_and_says_what_it_is(start: Start) -> None:
    async with start(HOST) as operator:
        host = operator.hosts[HOST]
        key = str(operator.fleet.directory / "id_ed25519")
        async with asyncssh.connect(
            host.address, host.port or 0, username="ops", client_keys=[key], known_hosts=None, config=None
        ) as connection:
            typed = b"hostname; stty size; exit 3\n"
            shell = await connection.run(term_type="xterm", term_size=(97, 31), input=typed, encoding=None)
        assert shell.stdout is not None and b"part of nixtui's demo" in bytes(shell.stdout)
        assert b"31 97" in bytes(shell.stdout) and HOST.encode() in bytes(shell.stdout)
        assert shell.exit_status == 3
