"""Scripts over SSM Run Command, executed by a real shell, against a strict SSM of our own."""

import asyncio
import random
import shlex
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from nixtui.aws.session import Session
from nixtui.instances.run_command import SsmTransport
from nixtui.model.host import Host
from nixtui.model.machine import InstanceId
from nixtui.remote.errors import AuthenticationFailed, BadAnswer, NoAnswer, Unreachable
from nixtui.remote.facts import Block
from nixtui.remote.keys import Place, upload
from nixtui.remote.probe import Request, open_probe, read_facts
from nixtui.remote.transport import Script, load_script
from tests.instances.fake_machines import REGION, FakeMachines, Machine, a_shell
from tests.remote.nixos_root import NixosRoot

WEB = "i-0a1b2c3d4e5f60718"
HOST = Host(name="web-1", address="10.0.0.1", instance=InstanceId(WEB, REGION))


@pytest.fixture
def root(tmp_path: Path) -> NixosRoot:
    return NixosRoot(tmp_path / "root")


@pytest.fixture
def machine(root: NixosRoot) -> Machine:
    return Machine(WEB, "web-1", "10.0.0.1", execute=a_shell("dash", environ=root.environment))


@asynccontextmanager
async def transport_to(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[SsmTransport, FakeMachines]]:
    with FakeMachines(machine) as fake:
        for name, value in fake.environ.items():
            monkeypatch.setenv(name, value)
        async with Session(fake.environ) as session:
            await session.thread(lambda: session.client("ssm", fake.environ["AWS_REGION"]))  # limits are short
            yield SsmTransport(HOST, session), fake


async def test_arguments_arrive_as_they_are_whatever_is_in_them(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("", "a b", "'\"$(id)`id`\\", "; exit 3 #", "ä\n\tö", "-n")
    async with transport_to(machine, monkeypatch) as (transport, fake):
        script = Script("say", 'for each; do printf "<%s>" "$each"; done; echo; echo oh >&2; exit 7')
        done = await transport.run(script, *words)
    assert (done.stdout, done.stderr, done.exit_status) == ("".join(f"<{each}>" for each in words) + "\n", "oh\n", 7)
    assert not done.truncated
    assert len(fake.sent) == 1  # what is over soon takes one command


async def test_output_that_aws_would_cut_comes_whole(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Random bytes in hexadecimal, which gzip makes half of: 100 KB, of which AWS tells 24,000 characters."""
    text = random.Random(1).randbytes(50_000).hex()  # noqa: S311 # no secret
    lines = "\n".join(text[start : start + 80] for start in range(0, len(text), 80)) + "\n"
    async with transport_to(machine, monkeypatch) as (transport, fake):
        seen: list[str] = []
        done = await transport.run(_printing(), on_line=seen.append)
    assert done.stdout == lines
    assert "\n".join(seen) + "\n" == lines
    assert all(len(each.out) < 24_000 for each in fake.sent)
    assert len(fake.sent) > 3


def _printing() -> Script:
    """A script that makes that text without having it: it is longer than a command may be."""
    program = "import random; t = random.Random(1).randbytes(50_000).hex(); "
    program += "print('\\n'.join(t[s:s+80] for s in range(0, len(t), 80)))"
    return Script("much", f"{shlex.quote(sys.executable)} -c {shlex.quote(program)}")


async def test_lines_come_while_the_script_still_runs(
    machine: Machine, root: NixosRoot, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = root.at("/run/go-on")
    script = Script("wait", f"echo armed; until [ -e {shlex.quote(str(go_on))} ]; do sleep 0.05; done; echo tested 0")
    seen: list[str] = []

    def hear(line: str) -> None:
        seen.append(line)
        go_on.touch()

    async with transport_to(machine, monkeypatch) as (transport, _):
        done = await transport.run(script, on_line=hear)
    assert seen == ["armed", "tested 0"]
    assert done.exit_status == 0


async def test_nothing_is_left_on_the_host(machine: Machine, root: NixosRoot, monkeypatch: pytest.MonkeyPatch) -> None:
    async with transport_to(machine, monkeypatch) as (transport, _):
        await transport.run(Script("say", "echo a"))
    assert list(root.at("/run/nixtui-jobs").iterdir()) == []


async def test_a_command_that_is_delivered_twice_starts_one_job(
    machine: Machine, root: NixosRoot, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = root.at("/run/count")
    execute = machine.execute
    assert execute is not None

    def twice(script, stop):
        execute(script, stop)
        return execute(script, stop)

    machine.execute = twice
    go_on = shlex.quote(str(root.at("/run/go-on")))
    text = f"echo once | tee -a {shlex.quote(str(count))}; until [ -e {go_on} ]; do sleep 0.05; done; echo done"

    def hear(_: str) -> None:
        machine.execute = execute
        root.at("/run/go-on").touch()

    async with transport_to(machine, monkeypatch) as (transport, _):
        assert (await transport.run(Script("count", text), on_line=hear)).stdout == "once\ndone\n"
    assert count.read_text() == "once\n"


async def test_a_host_says_how_it_is(machine: Machine, root: NixosRoot, monkeypatch: pytest.MonkeyPatch) -> None:
    """The live stream: every request is a run of the probe, and its answers are taken as those of one that goes on."""
    async with transport_to(machine, monkeypatch) as (transport, _):
        facts = await read_facts(transport, limit=20)
        assert facts.load == (0.42, 0.31, 0.20)
        async with open_probe(transport) as probe:
            answers = probe.answers()
            first = await anext(answers)
            assert isinstance(first, Block)
            root.write("/proc/loadavg", "9.00 0.31 0.20 1/123 4567\n")
            assert probe.ask(Request.TICK)
            second = await anext(answers)
    assert isinstance(second, Block)
    assert second.values["load"].startswith("9.00")
    assert second.complete


async def test_secrets_and_what_needs_input_do_not_go_this_way(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with transport_to(machine, monkeypatch) as (transport, fake):
        with pytest.raises(BadAnswer, match="AWS keeps what goes over Run Command for 30 days"):
            await upload(transport, Place("/run/key", "root", "root", "600", strict=True), b"hunter2")
        with pytest.raises(BadAnswer, match="does not go over SSM"):
            await transport.run(load_script("secrets", "links"), "key")
        with pytest.raises(BadAnswer, match="carries no connections"):
            await transport.exchange("127.0.0.1", 80, b"", 10, 1.0)
        assert fake.sent == []


async def test_who_has_no_agent_or_may_not_is_told_why(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    async with transport_to(machine, monkeypatch) as (transport, fake):
        fake.denied.add("SendCommand")
        with pytest.raises(AuthenticationFailed, match="may not call ssm:SendCommand"):
            await transport.run(Script("say", "echo a"))
        machine.execute = None
        fake.denied.clear()
        with pytest.raises(Unreachable, match="its agent never registered, or is not online"):
            await transport.run(Script("say", "echo a"))


async def given_up(transport: SsmTransport, fake: FakeMachines, once: Callable[[], object]) -> None:
    """A script that somebody stops waiting for, once something is so at AWS."""
    running = asyncio.create_task(transport.run(Script("say", "echo a")))
    async with asyncio.timeout(30):
        while not once():  # noqa: ASYNC110 - a thread of the fake makes it so
            await asyncio.sleep(0.01)
    running.cancel()
    fake.may_send.set()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_what_is_given_up_is_taken_back(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that no agent has taken yet must not begin after the operator was told that nothing happened."""
    machine.is_cut_off = True
    async with transport_to(machine, monkeypatch) as (transport, fake):
        await given_up(transport, fake, lambda: fake.sent)
        assert [each.stop.is_set() for each in fake.sent] == [True]


async def test_what_is_given_up_while_it_is_sent_is_taken_back(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.is_cut_off = True
    async with transport_to(machine, monkeypatch) as (transport, fake):
        fake.may_send.clear()
        await given_up(transport, fake, lambda: "SendCommand" in fake.calls)
        assert [each.stop.is_set() for each in fake.sent] == [True]


async def test_what_takes_too_long_is_no_answer(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nixtui.instances.run_command._OVERHEAD_S", 0.0)
    machine.is_cut_off = True
    async with transport_to(machine, monkeypatch) as (transport, _):
        with pytest.raises(NoAnswer, match=r"say did not end within 0\.1 s"):
            await transport.run(Script("say", "echo a"), timeout=0.1)


async def test_what_no_agent_takes_is_told_as_aws_tells_it(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.is_cut_off = True
    async with transport_to(machine, monkeypatch) as (transport, fake):
        fake.delivery_s = 0.1
        with pytest.raises(Unreachable, match="SSM says of the command: Delivery Timed Out"):
            await transport.run(Script("say", "echo a"))


async def test_a_host_that_forgot_the_job_says_so(
    machine: Machine, root: NixosRoot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hear(_: str) -> None:
        shutil.rmtree(root.at("/run/nixtui-jobs"))

    async with transport_to(machine, monkeypatch) as (transport, _):
        with pytest.raises(Unreachable, match="did it reboot"):
            await transport.run(Script("say", "echo a; sleep 60"), on_line=hear)


async def test_a_flood_fills_neither_the_host_nor_us_and_is_said_to_be_cut(
    machine: Machine, root: NixosRoot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The script goes on to its end all the same: an activation must not die of its own output."""
    monkeypatch.setattr("nixtui.instances.run_command.MOST_OUTPUT_BYTES", 100_000)
    most: list[int] = []

    def hear(_: str) -> None:
        if not most:
            most.extend(path.stat().st_size for path in root.at("/run/nixtui-jobs").glob("*/out"))

    text = "yes | head -c 30000000; yes oh | head -c 30000000 >&2; echo the end >&2; exit 5"
    async with transport_to(machine, monkeypatch) as (transport, fake):
        done = await transport.run(Script("flood", text), on_line=hear)
    assert (done.exit_status, done.truncated) == (5, True)
    assert 100_000 <= len(done.stdout) < 300_000
    assert most[0] <= 8 * 2**20
    assert len(fake.sent) < 10
    assert list(root.at("/run/nixtui-jobs").iterdir()) == []


async def test_another_way_is_proved_by_a_command(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    async with transport_to(machine, monkeypatch) as (transport, fake):
        async with transport.fresh() as other:
            assert other is not transport
        assert len(fake.sent) == 1


async def test_garbage_is_no_answer(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.execute = lambda _, __: subprocess.CompletedProcess("sh", 0, "Welcome to \x1b[31mhell\n" * 2000, "")
    async with transport_to(machine, monkeypatch) as (transport, _):
        with pytest.raises(BadAnswer, match="could not be started") as raised:
            await transport.run(Script("say", "echo a"))
    assert "\x1b" not in str(raised.value)
