"""One connection, many scripts: against a real sshd."""

import asyncio
import os
import shutil
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from asyncssh import SSHClientConnection

from nixtui.remote.access import Lost, SshAccess
from nixtui.remote.destination import Destination
from nixtui.remote.errors import BadAnswer, NoAnswer, Unreachable
from nixtui.remote.script_channel import WINDOW_BYTES
from nixtui.remote.ssh import SshTransport
from nixtui.remote.transport import MAX_ANSWER_BYTES, Script
from tests.remote.sshd import Sshd, descendants, running_sshd
from tests.remote.workstation import Workstation

TORTURE = (
    "",
    " ",
    "-n",
    "--",
    "it's",
    '"double"',
    "two\nlines\n",
    "$(touch /tmp/nixtui-must-not-exist)",
    "`id`",
    "$HOME",
    "a\\b",
    "*",
    "~",
    "; exit 9",
    "ünïcödé ☃ 🚀",
    "}\n{",
    "tab\there",
    "x" * 100_000,
)


def script(text: str) -> Script:
    return Script("test", text)


@pytest.fixture
async def transport(workstation: Workstation, sshd: Sshd) -> SshTransport:
    workstation.may_enter(sshd)
    return await workstation.reach(sshd.host())


@pytest.fixture
async def own_transport(workstation: Workstation, own_sshd: Sshd) -> SshTransport:
    workstation.may_enter(own_sshd)
    return await workstation.reach(own_sshd.host())


async def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition of the outside world, a second or two at most."""
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - no event tells of processes on a host
            await asyncio.sleep(0.01)


async def test_both_outputs_and_the_exit_status_come_back(transport: SshTransport) -> None:
    done = await transport.run(script("echo out; echo err >&2; exit 42"))
    assert (done.exit_status, done.stdout, done.stderr, done.truncated) == (42, "out\n", "err\n", False)


async def test_the_status_of_the_last_command_is_the_status_of_the_script(transport: SshTransport) -> None:
    assert (await transport.run(script("true; false"))).exit_status == 1


async def test_a_killed_script_has_the_shells_status_for_signals(transport: SshTransport) -> None:
    assert (await transport.run(script("kill -TERM $$"))).exit_status == 128 + 15


async def test_a_script_with_a_syntax_error_does_nothing_at_all(transport: SshTransport, tmp_path: Path) -> None:
    with pytest.raises(BadAnswer, match=r"did not run the script \(exit status 2\): .*yntax error"):
        await transport.run(script(f"touch {tmp_path}/began\nif"))
    assert not (tmp_path / "began").exists()


@pytest.mark.parametrize("status", [0, 1])
async def test_a_login_that_may_not_run_commands_is_not_taken_for_success(
    workstation: Workstation, tmp_path: Path, status: int
) -> None:
    with running_sshd(tmp_path / "sshd", f"ForceCommand echo go away; exit {status}") as server:
        workstation.may_enter(server)
        transport = await workstation.reach(server.host())
        complaint = rf"did not run the script \(exit status {status}\): go away"
        with pytest.raises(BadAnswer, match=complaint):
            await transport.run(script("true"))
        async with transport.open(script("true")) as channel:
            with pytest.raises(BadAnswer, match=complaint):
                await anext(channel.lines())


async def test_a_callback_that_fails_ends_its_script_and_nothing_else(transport: SshTransport) -> None:
    def fail(line: str) -> None:
        raise ZeroDivisionError(line)

    with pytest.raises(ZeroDivisionError, match="boom"):
        await transport.run(script("echo boom; sleep 60"), on_line=fail)
    assert (await transport.run(script("echo next"))).stdout == "next\n"


async def test_arguments_arrive_as_they_are(transport: SshTransport) -> None:
    done = await transport.run(script("""for each; do printf '<%s>' "$each"; done"""), *TORTURE)
    assert done.stdout == "".join(f"<{argument}>" for argument in TORTURE)
    assert (await transport.run(script("test -e /tmp/nixtui-must-not-exist"))).exit_status == 1


async def test_a_nul_in_an_argument_is_refused_here(transport: SshTransport) -> None:
    with pytest.raises(ValueError, match="NUL"):
        await transport.run(script("true"), "a\0b")


async def test_no_argument_is_seen_in_the_hosts_process_list(transport: SshTransport) -> None:
    done = await transport.run(script("cat /proc/$$/cmdline /proc/$PPID/cmdline | tr '\\0' ' '"), "hush-hush")
    assert "sh -s" in done.stdout
    assert "hush-hush" not in done.stdout


async def test_a_command_that_reads_standard_input_does_not_eat_the_script(transport: SshTransport) -> None:
    assert (await transport.run(script("cat >/dev/null\necho still here"))).stdout == "still here\n"


async def test_lines_are_seen_while_the_script_runs(transport: SshTransport, tmp_path: Path) -> None:
    seen: list[str] = []

    def see(line: str) -> None:
        seen.append(line)
        if line == "first":
            (tmp_path / "go").touch()

    text = f"echo first; while ! [ -e {tmp_path}/go ]; do sleep 0.01; done; printf 'second, without an end'"
    await transport.run(script(text), on_line=see)
    assert seen == ["first", "second, without an end"]


async def test_a_flood_is_bounded_and_said_to_be(transport: SshTransport) -> None:
    done = await transport.run(script("head -c 50000000 /dev/zero | tr '\\0' x; exit 5"), timeout=60)
    assert (done.exit_status, len(done.stdout), done.truncated) == (5, MAX_ANSWER_BYTES, True)


async def test_control_sequences_do_not_get_through(transport: SshTransport) -> None:
    done = await transport.run(script(r"printf '\033[31mred\033[0m \033]0;title\007\377ok\r\n10%%\r100%%\n'"))
    assert done.stdout == "red \N{REPLACEMENT CHARACTER}ok\n100%\n"


async def test_silence_is_no_answer(transport: SshTransport) -> None:
    with pytest.raises(NoAnswer, match=r"test did not end within 0\.3 s"):
        await transport.run(script("sleep 60"), timeout=0.3)
    assert (await transport.run(script("echo next"))).stdout == "next\n"


async def test_cancelling_closes_the_channel(own_transport: SshTransport, own_sshd: Sshd) -> None:
    began = asyncio.Event()
    text = "while echo going; do sleep 0.01; done"
    running = asyncio.create_task(own_transport.run(script(text), on_line=lambda _: began.set()))
    await began.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await until(lambda: len(own_sshd.children()) <= 1)  # the connection is served on; its shell found a closed pipe
    assert (await own_transport.run(script("echo next"))).stdout == "next\n"


async def test_a_channel_cancelled_while_it_opens_is_not_left_behind(workstation: Workstation, tmp_path: Path) -> None:
    with running_sshd(tmp_path / "sshd", "MaxSessions 1") as server:
        workstation.may_enter(server)
        transport = await workstation.reach(server.host())
        for turns in range(1, 20):
            running = asyncio.create_task(transport.run(script("true")))
            for _ in range(turns):
                await asyncio.sleep(0)
            running.cancel()
            await asyncio.wait([running])
        assert (await transport.run(script("echo free"), timeout=5)).stdout == "free\n"


async def test_a_lost_link_is_not_mistaken_for_an_end(own_transport: SshTransport, own_sshd: Sshd) -> None:
    running = asyncio.create_task(own_transport.run(script("echo began; sleep 60"), on_line=lambda _: own_sshd.stop()))
    with pytest.raises(Unreachable, match="the link was lost while test ran"):
        await running
    reason = await own_transport.closed
    assert isinstance(reason, Unreachable)
    with pytest.raises(Unreachable, match="the link was lost"):
        await own_transport.run(script("true"))


async def test_a_closed_transport_says_so(transport: SshTransport) -> None:
    await transport.close()
    assert await transport.closed is None
    with pytest.raises(Unreachable, match="not connected"):
        await transport.run(script("true"))


async def test_a_frozen_host_is_noticed(workstation: Workstation, own_sshd: Sshd) -> None:
    workstation.may_enter(own_sshd)
    transport = await workstation.reach(own_sshd.host(), keepalive_interval=0.1)

    frozen = 0
    for pid in own_sshd.children():
        with suppress(ProcessLookupError):  # its part that is only there for the login may be about to end
            os.kill(pid, signal.SIGSTOP)
            frozen += 1
    assert frozen
    async with asyncio.timeout(30):
        reason = await asyncio.shield(transport.closed)
    assert isinstance(reason, Unreachable)


async def test_thirty_scripts_share_one_connection(own_transport: SshTransport, own_sshd: Sshd) -> None:
    answers = await asyncio.gather(
        *(own_transport.run(script('echo "$1"; echo $PPID >&2'), str(number)) for number in range(30))
    )
    assert [answer.stdout for answer in answers] == [f"{number}\n" for number in range(30)]
    assert own_sshd.log.count("Accepted publickey") == 1


async def test_when_the_host_allows_no_more_channels_scripts_wait_their_turn(
    workstation: Workstation, tmp_path: Path
) -> None:
    with running_sshd(tmp_path / "sshd", "MaxSessions 2") as server:
        workstation.may_enter(server)
        transport = await workstation.reach(server.host())
        answers = await asyncio.gather(*(transport.run(script("echo ok")) for _ in range(12)))
        assert {answer.stdout for answer in answers} == {"ok\n"}
        assert server.log.count("Accepted publickey") == 1


async def test_a_host_that_allows_no_channel_at_all_is_told(workstation: Workstation, tmp_path: Path) -> None:
    with running_sshd(tmp_path / "sshd", "MaxSessions 0") as server:
        workstation.may_enter(server)
        transport = await workstation.reach(server.host())
        with pytest.raises(BadAnswer, match="it opens no channel"):
            await transport.run(script("true"))


async def test_an_open_script_talks_back_and_forth(transport: SshTransport) -> None:
    text = 'echo "ready $1"; while read -r line; do echo "got $line"; done; echo bye'
    async with transport.open(script(text), "now") as channel:
        lines = channel.lines()
        assert await anext(lines) == "ready now"
        for word in ("one", "two words", "ünïcödé"):
            channel.write(f"{word}\n")
            assert await anext(lines) == f"got {word}"


async def test_leaving_an_open_script_ends_it(own_transport: SshTransport, own_sshd: Sshd) -> None:
    async with own_transport.open(script("echo $$; read -r _")) as channel:
        pid = int(await anext(channel.lines()))
        assert pid in descendants(own_sshd.process.pid)  # type: ignore[union-attr]
    await until(lambda: pid not in own_sshd.children())
    channel.write("lost without an error\n")


async def test_lines_end_with_the_script_and_then_its_status_is_known(transport: SshTransport) -> None:
    async with transport.open(script("echo one; printf two; echo oops >&2; exit 7")) as channel:
        assert [line async for line in channel.lines()] == ["one", "two"]
        assert (channel.exit_status, channel.stderr) == (7, "oops\n")


async def test_lines_end_with_the_link(own_transport: SshTransport, own_sshd: Sshd) -> None:
    async with own_transport.open(script("echo one; sleep 60")) as channel:
        lines = channel.lines()
        assert await anext(lines) == "one"
        own_sshd.stop()
        assert [line async for line in lines] == []
        assert channel.exit_status is None


async def test_a_flooding_script_is_slowed_down_to_its_readers_pace(
    own_transport: SshTransport, tmp_path: Path
) -> None:
    count = tmp_path / "count"
    text = f"echo $$; i=0; while :; do i=$((i+1)); echo $i >{count}; printf '%01000d\\n' $i; done"
    async with own_transport.open(script(text)) as channel:
        lines = channel.lines()
        writer = Path(f"/proc/{await anext(lines)}/wchan")
        await until(lambda: "pipe_write" in writer.read_text())
        sent = int(count.read_text())
        assert sent < (WINDOW_BYTES + 4 * 2**18) / 1000  # what the window, sshd's own buffer and a pipe hold
        for number in range(1, sent + 100):
            assert int(await anext(lines)) == number


async def test_fresh_is_a_login_of_its_own(own_transport: SshTransport, own_sshd: Sshd) -> None:
    async with own_transport.fresh() as second:
        ours, theirs = await asyncio.gather(own_transport.run(script("echo $PPID")), second.run(script("echo $PPID")))
        assert ours.stdout != theirs.stdout
        assert own_sshd.log.count("Accepted publickey") == 2
    assert second.closed.done()
    assert (await own_transport.run(script("echo still here"))).stdout == "still here\n"


async def test_fresh_fails_when_the_host_lets_nobody_in_any_more(own_transport: SshTransport, own_sshd: Sshd) -> None:
    assert own_sshd.process is not None
    own_sshd.process.terminate()
    own_sshd.process.wait()
    with pytest.raises(Unreachable, match="refuses connections"):
        async with own_transport.fresh():
            pass
    assert (await own_transport.run(script("echo old login lives"))).stdout == "old login lives\n"


@pytest.mark.parametrize("greeting", ["echo hello from .bashrc", "head -c 3000000 /dev/zero"])
async def test_what_a_login_shell_says_first_is_not_taken_for_an_answer(
    workstation: Workstation, tmp_path: Path, greeting: str
) -> None:
    with running_sshd(tmp_path / "sshd", f'ForceCommand {greeting}; exec sh -c "$SSH_ORIGINAL_COMMAND"') as server:
        workstation.may_enter(server)
        transport = await workstation.reach(server.host())
        assert (await transport.run(script("echo answer"))).stdout == "answer\n"
        async with transport.open(script("echo answer")) as channel:
            assert [line async for line in channel.lines()] == ["answer"]


@pytest.mark.parametrize("shell", ["dash", "bash", "fish", "tcsh", "busybox sh"])
async def test_any_login_shell_will_do(workstation: Workstation, tmp_path: Path, shell: str) -> None:

    if shutil.which(shell.split()[0]) is None:
        pytest.skip(f"{shell} is not installed")
    with running_sshd(tmp_path / "sshd", f'ForceCommand exec {shell} -c "$SSH_ORIGINAL_COMMAND"') as server:
        workstation.may_enter(server)
        transport = await workstation.reach(server.host())
        assert (await transport.run(script('printf %s "$1"'), "it's $HOME")).stdout == "it's $HOME"


async def test_a_login_that_floods_and_never_runs_anything_is_hung_up_on(
    workstation: Workstation, tmp_path: Path
) -> None:
    with running_sshd(tmp_path / "sshd", "ForceCommand cat /dev/zero") as server:
        workstation.may_enter(server)
        transport = await workstation.reach(server.host())
        with pytest.raises(BadAnswer, match="floods us with garbage"):
            await transport.run(script("true"), timeout=30)
        async with transport.open(script("true")) as channel:
            with pytest.raises(BadAnswer, match="floods us with garbage"):
                _ = [line async for line in channel.lines()]


class TooLate(SshAccess):
    """Its time runs out in the moment it is in; what has been made is taken down again."""

    async def connect(self, destination: Destination, lost: Lost, *, urgent: bool) -> SSHClientConnection:
        connection = await super().connect(destination, lost, urgent=urgent)
        connection.abort()
        await connection.wait_closed()
        raise Unreachable(destination.name, "timed out after 2 s while logging in")


async def test_a_login_whose_time_runs_out_when_it_is_in_is_a_host_that_cannot_be_reached(
    workstation: Workstation, sshd: Sshd
) -> None:
    workstation.may_enter(sshd)
    access = workstation.access()
    access.__class__ = TooLate
    transport = SshTransport(sshd.host(), access)
    with pytest.raises(Unreachable, match="timed out after 2 s"):
        await transport.connect()
    assert transport.closed.done()
    await access.close()
