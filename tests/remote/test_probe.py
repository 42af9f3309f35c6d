"""The operator's half of the probe: answers found among anything a host may print, and what they mean."""

import random
import string
import tracemalloc
from collections.abc import Iterable
from pathlib import Path

import pytest

from nixtui.model.host import Host
from nixtui.model.status import DiskUse, HostFacts
from nixtui.remote.errors import BadAnswer, NoAnswer, Unreachable
from nixtui.remote.facts import Block, updated
from nixtui.remote.probe import (
    ALIVE,
    GARBAGE_CHARACTERS,
    Answer,
    Garbled,
    ProbeParser,
    Request,
    open_probe,
    read_facts,
)
from tests.remote.local_transport import LocalTransport
from tests.remote.nixos_root import web_host

HOST = Host(name="web-1", address="web-1")
NONCE = "4f1c"


def mark(text: str) -> str:
    return f"#nixtui-probe {NONCE} {text}"


def block(number: int, *facts: str, scope: str = "news") -> list[str]:
    return [mark(f"begin {number} {scope}"), *facts, mark(f"end {number} {len(facts)}")]


def hear(parser: ProbeParser, lines: Iterable[str]) -> list[Answer]:
    parser.asked = 10_000
    return [answer for line in lines if (answer := parser.feed(line)) is not None]


@pytest.fixture
def parser() -> ProbeParser:
    return ProbeParser(NONCE)


@pytest.fixture
def started(parser: ProbeParser) -> ProbeParser:
    hear(parser, [mark("hello 1"), *block(1, "generation 412", scope="all")])
    return parser


def test_a_block_is_one_answer(parser: ProbeParser) -> None:
    heard = hear(parser, [mark("hello 1"), *block(1, "generation 412", "lock", scope="all")])
    assert heard == [Block({"generation": "412", "lock": None}, complete=True)]


def test_a_heartbeat_is_an_answer(started: ProbeParser) -> None:
    assert hear(started, [mark("alive 2"), mark("alive 3")]) == [ALIVE, ALIVE]


def test_a_probe_is_asked_nothing_before_its_script_spoke(parser: ProbeParser) -> None:
    hear(parser, ["Welcome to web-1", mark("hello 1")])
    assert not parser.is_started
    hear(parser, [mark("begin 1 all")])
    assert parser.is_started


def test_a_banner_is_stepped_over(parser: ProbeParser) -> None:
    banner = ["*" * 80, "Last login: never", "#nixtui-probe other hello 1", "generation 9"]
    heard = hear(parser, [*banner, mark("hello 1"), *banner, *block(1, "generation 412", scope="all"), *banner])
    assert heard == [Block({"generation": "412"}, complete=True)]


def test_half_a_line_before_a_mark_does_not_hide_it(started: ProbeParser) -> None:
    assert hear(started, ["a job in the background sa" + mark("alive 2")]) == [ALIVE]


@pytest.mark.parametrize(
    "lines",
    [
        [mark("begin 2 news"), "generation 413", *block(3, "load 1 1 1")],
        [mark("begin 2 news"), "generation 413", mark("end 2 2")],
        [mark("begin 2 news"), "generation 413", "systemd: half a", mark("end 2 2")],
        [mark("begin 2 news"), "generation 413", mark("alive 3")],
        [mark("begin 2 news"), "generation 413", mark("end 3 1")],
        ["generation 413", mark("end 2 1")],
        [mark("alive 3")],
        [mark("alive")],
        [mark("begin x news")],
        [mark("begin 99999999999999999999 news")],
        [mark("")],
        [mark("begin 2 news"), *(f"key_{number} 1" for number in range(200)), mark("end 2 200")],
        [mark("begin 2 news"), *(f"key_{number} {'x' * 8000}" for number in range(10)), mark("end 2 10")],
    ],
    ids=lambda lines: lines[0][-12:] + "…" + lines[-1][-8:],
)
def test_what_is_broken_or_missing_asks_for_everything(started: ProbeParser, lines: list[str]) -> None:
    assert hear(started, lines)[0] == Garbled("sends broken answers", lost=True)
    whole = block(7, "generation 414", scope="all")
    assert hear(started, whole)[-1] == Block({"generation": "414"}, complete=True)
    assert hear(started, [mark("alive 8")]) == [ALIVE]


def test_garbage_is_told_once_when_there_is_too_much(started: ProbeParser) -> None:
    line = "x" * 1023
    assert hear(started, [line] * (GARBAGE_CHARACTERS // 1024)) == []
    garbled = Garbled("sends garbage instead of the probe's answer", lost=False)
    assert hear(started, [line] * 10_000) == [garbled]
    assert hear(started, [mark("alive 2")]) == [ALIVE]
    assert hear(started, [line] * 10_000) == [garbled]


def test_answers_that_nobody_asked_for_are_garbage(started: ProbeParser) -> None:
    started.asked = 2
    heard = [started.feed(mark(f"alive {number}")) for number in range(2, 10_000)]
    assert heard[:2] == [ALIVE, ALIVE]
    assert set(heard[2:]) == {Garbled("sends broken answers", lost=True)}
    assert started.garbage > 100_000


def test_a_little_noise_between_answers_never_adds_up(started: ProbeParser) -> None:
    for number in range(2, 1000):
        assert hear(started, ["x" * 500, mark(f"alive {number}")]) == [ALIVE]


def test_ten_megabytes_of_anything_take_no_memory(started: ProbeParser) -> None:
    rng = random.Random(7)  # noqa: S311 - the same garbage every time
    pieces = [*string.printable, mark(""), mark("begin 2 news"), mark("end 2 1"), "generation 4", " "]
    lines = ["".join(rng.choices(pieces, k=20)).replace("\n", "") for _ in range(5000)]
    tracemalloc.start()
    for _ in range(40):
        hear(started, lines)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 200_000


def test_facts_are_added_to_facts() -> None:
    before = HostFacts(generation=411, systemd_state="running", leftovers=("8f2a",))
    news = Block({"generation": "412", "leftovers": None, "load": "0.10 0.20 0.30"}, complete=False)
    after = updated(before, news)
    assert (after.generation, after.systemd_state, after.leftovers) == (412, "running", ())
    assert after.load == (0.1, 0.2, 0.3)


def test_a_complete_block_forgets_what_it_does_not_have() -> None:
    before = HostFacts(generation=411, systemd_state="running")
    assert updated(before, Block({"generation": "412"}, complete=True)) == HostFacts(generation=412)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("generation", "four"),
        ("generation", "-1"),
        ("generation", "9" * 40),
        ("load", "1 2"),
        ("load", "nan inf 0"),
        ("memory_kib", "1 2 3"),
        ("memory_kib", "1 2 3 4 5"),
        ("disks_kib", "/ 5"),
        ("disks_kib", "/ five 6"),
        ("lock", "only-an-id"),
        ("reboot_for", "kernel"),
        ("clock", "1e309"),
        ("uptime_s", "٣"),
    ],
)
def test_a_value_that_makes_no_sense_is_unknown(key: str, value: str) -> None:
    known = HostFacts(generation=1, load=(1, 1, 1), disks=(DiskUse("/", 1, 1),), clock=1.0, uptime_s=1.0)
    field = {"memory_kib": "memory", "disks_kib": "disks", "reboot_for": "reboot_needed"}.get(key, key)
    assert getattr(updated(known, Block({key: value}, complete=False)), field) is None


def test_keys_of_a_newer_script_are_skipped() -> None:
    assert updated(HostFacts(), Block({"colour": "blue"}, complete=True)) == HostFacts()


@pytest.mark.parametrize(
    ("value", "needed", "reason"),
    [
        ("nothing 6.12.51 6.12.51", False, None),
        ("kernel,initrd,kernel-modules 6.12.51 6.12.58", True, "kernel 6.12.51 → 6.12.58"),
        ("kernel,initrd 6.12.51 6.12.51", True, "another kernel"),
        ("kernel - 6.12.58", True, "another kernel"),
        ("initrd,systemd 6.12.51 6.12.51", True, "initrd, systemd"),
    ],
)
def test_the_reason_to_reboot_is_the_one_that_matters(value: str, needed: bool, reason: str | None) -> None:
    facts = updated(HostFacts(), Block({"reboot_for": value}, complete=False))
    assert (facts.reboot_needed, facts.reboot_reason) == (needed, reason)


async def test_a_host_is_read_once(tmp_path: Path) -> None:
    root = web_host(tmp_path / "root")
    facts = await read_facts(LocalTransport(HOST, environment=root.environment))
    assert (facts.generation, facts.systemd_state) == (412, "running")


def shell_that(tmp_path: Path, text: str) -> LocalTransport:
    """A login whose shell is this program."""
    program = tmp_path / "shell"
    program.write_text(f"#!/bin/sh\n{text}\n")
    program.chmod(0o755)
    return LocalTransport(HOST, shell=str(program))


async def test_megabytes_before_the_first_block_are_stepped_over(tmp_path: Path) -> None:
    transport = shell_that(tmp_path, "yes 'Authorised access only' | head -c 3000000; exec dash -s")
    facts = await read_facts(transport)
    assert facts.kernel_running is not None


async def test_a_host_that_floods_is_hung_up(tmp_path: Path) -> None:
    transport = shell_that(tmp_path, f"exec yes {'x' * 4000}")
    async with open_probe(transport) as probe:
        heard = []
        with pytest.raises(BadAnswer, match="floods"):
            async for answer in probe.answers():
                heard.append(answer)
    assert heard == [Garbled("sends garbage instead of the probe's answer", lost=False)]


async def test_a_host_whose_shell_says_nothing_does_not_hold_us_up(tmp_path: Path) -> None:
    with pytest.raises(NoAnswer, match="web-1: did not answer the probe within"):
        await read_facts(shell_that(tmp_path, "exec sleep 60"), limit=0.3)


async def test_a_shell_that_refuses_is_not_waited_for(tmp_path: Path) -> None:
    with pytest.raises(BadAnswer, match=r"ended the login .*\(exit status 1\): not today"):
        await read_facts(shell_that(tmp_path, "echo 'This account is not available'; echo 'not today' >&2; exit 1"))


async def test_a_probe_that_is_killed_is_a_lost_link(tmp_path: Path) -> None:
    transport = LocalTransport(HOST, environment=web_host(tmp_path / "root").environment)
    async with open_probe(transport) as probe:
        answers = probe.answers()
        await anext(answers)
        transport.channels[0].process.kill()
        with pytest.raises(Unreachable, match="the link was lost"):
            await anext(answers)


async def test_a_request_before_the_first_answer_is_not_sent(tmp_path: Path) -> None:
    async with open_probe(LocalTransport(HOST, environment=web_host(tmp_path / "root").environment)) as probe:
        assert not probe.ask(Request.TICK)
        answers = probe.answers()
        await anext(answers)
        assert probe.ask(Request.TICK)
        assert await anext(answers) == ALIVE
