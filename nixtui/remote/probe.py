"""What a host says about itself, as a stream: the operator's half of `scripts/probe.sh`."""

import asyncio
import re
import secrets
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import msgspec

from nixtui.model.status import ActivationLock, DiskUse, HostFacts, Memory
from nixtui.remote.errors import BadAnswer, NoAnswer, Unreachable
from nixtui.remote.reboot import reboot_reason
from nixtui.remote.transport import Channel, Transport, load_script

MAX_BLOCK_LINES: Final = 64
"""A block has at most one line for each of its 20 keys; the rest is room for newer hosts' scripts."""

MAX_BLOCK_CHARACTERS: Final = 32 * 2**10

GARBAGE_CHARACTERS: Final = 64 * 2**10
"""So much text that is no answer makes a host degraded; a long banner is far below."""

GIVE_UP_CHARACTERS: Final = 32 * 2**20
"""So much makes us hang up: some seconds of flooding."""

_LOOK_AT_LOGIN: Final = "look at what its shell prints at login"
_LINES_PER_TURN: Final = 256
_NUMBER = re.compile(r"[0-9]{1,15}(\.[0-9]{1,6})?")
_FACT = re.compile(r"([a-z][a-z0-9_]{0,31})(?: (.*))?\Z")


class Request(StrEnum):
    """What is asked of the probe: the cheap values, also disks and the clock, or everything again."""

    TICK = "tick"
    SLOW = "slow"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class Block:
    """An answer with news: values by key as the host wrote them, `None` for one that is gone; `complete` has all."""

    values: Mapping[str, str | None]
    complete: bool


@dataclass(frozen=True, slots=True)
class Alive:
    """An answer that nothing changed."""


@dataclass(frozen=True, slots=True)
class Garbled:
    """No answer: far too much of something else, or broken ones. `lost` says that news went by: ask for everything."""

    reason: str
    lost: bool


Answer = Block | Alive | Garbled

ALIVE: Final = Alive()


class ProbeParser:
    """Finds the probe's answers among whatever else a host prints; holds at most one bounded block.

    `nonce` is what the probe was started with: nobody else on the host can know it. `garbage` counts characters outside
    answers since the last one. Answers are numbered by the host, so that a lost one is noticed.
    """

    def __init__(self, nonce: str) -> None:
        self._mark = f"#nixtui-probe {nonce} "
        self._block: dict[str, str | None] | None = None
        self._complete = False
        self._characters = 0
        self._number = 0
        self.garbage = 0
        self._reported = False

    @property
    def is_started(self) -> bool:
        """True once the script itself has spoken, and so has been read to its end: now it may be asked."""
        return self._number > 0

    def feed(self, line: str) -> Answer | None:
        """Take in one line; returns the answer it completes."""
        at = line.find(self._mark)
        if at >= 0:  # not always at the start: a program in the background may have printed half a line before it
            return self._frame(line[at + len(self._mark) :].split(" "))
        if self._block is None:
            return self._other(line)
        return self._fact(line, self._block)

    def _frame(self, words: list[str]) -> Answer | None:
        block, self._block = self._block, None
        match words:
            case ["alive", number] if block is None and self._follows(number):
                return self._well(ALIVE)
            case ["begin", number, ("all" | "news") as scope]:
                self._block, self._complete, self._characters = {}, scope == "all", 0
                follows = self._follows(number) or self._complete
                return None if block is None and follows else self._broken()
            case ["end", number, count] if block is not None and number == str(self._number):
                return self._well(Block(block, self._complete)) if count == str(len(block)) else self._broken()
            case ["hello", _] if block is None:
                return None
        return self._broken()

    def _follows(self, number: str) -> bool:
        """Note the number of an answer; true when none is missing before it."""
        before, self._number = self._number, int(number) if number.isdecimal() and len(number) < 10 else 0
        return self._number == before + 1

    def _fact(self, line: str, block: dict[str, str | None]) -> Answer | None:
        match = _FACT.match(line)
        self._characters += len(line)
        if match is None or len(block) >= MAX_BLOCK_LINES or self._characters > MAX_BLOCK_CHARACTERS:
            self._block = None
            return self._broken()
        block[match[1]] = match[2]
        return None

    def _other(self, line: str) -> Answer | None:
        self.garbage += len(line) + 1
        if self.garbage <= GARBAGE_CHARACTERS or self._reported:
            return None
        self._reported = True
        return Garbled("sends garbage instead of the probe's answer", lost=False)

    def _well(self, answer: Answer) -> Answer:
        self.garbage = 0
        self._reported = False
        return answer

    def _broken(self) -> Answer | None:
        """Said once until the next whole answer: what makes us ask must not make us ask without end."""
        if self._reported:
            return None
        self._reported = True
        return Garbled("sends broken answers", lost=True)


class Probe:
    """A probe that runs on a host."""

    def __init__(self, host: str, channel: Channel, nonce: str) -> None:
        self._host = host
        self._channel = channel
        self._parser = ProbeParser(nonce)

    def ask(self, request: Request) -> bool:
        """Send a request; its answer comes out of `answers`.

        False, and nothing sent, before the script has spoken: a shell that still reads its script would swallow it.
        """
        if self._parser.is_started:
            self._channel.write(f"{request.value}\n")
        return self._parser.is_started

    async def answers(self) -> AsyncIterator[Answer]:
        """Answers as they come, for as long as the probe runs.

        Raises `BadAnswer` for a host that floods, and `Unreachable` when the probe ends: it ends with the link only.
        """
        garbage_lines = 0
        async for line in self._channel.lines():
            answer = self._parser.feed(line)
            if answer is not None:
                yield answer
            elif self._parser.garbage:
                garbage_lines += 1
                if garbage_lines % _LINES_PER_TURN == 0:
                    await asyncio.sleep(0)
                if self._parser.garbage > GIVE_UP_CHARACTERS:
                    raise BadAnswer(self._host, "floods us instead of answering the probe", _LOOK_AT_LOGIN)
        raise Unreachable(self._host, "the link was lost" if self._parser.is_started else "the probe did not start")


def _random_nonce() -> str:
    return secrets.token_hex(4)


@asynccontextmanager
async def open_probe(transport: Transport, nonce: Callable[[], str] = _random_nonce) -> AsyncIterator[Probe]:
    """Start the probe on a host; leaving the context ends it."""
    word = nonce()
    async with transport.open(load_script("probe", "facts"), word) as channel:
        yield Probe(transport.host.name, channel, word)


async def read_facts(transport: Transport, limit: float = 10.0) -> HostFacts:
    """What a host says about itself, once. Raises a `RemoteError`, after `limit` seconds `NoAnswer`."""
    host = transport.host.name
    try:
        async with asyncio.timeout(limit), open_probe(transport) as probe:
            async for answer in probe.answers():
                match answer:
                    case Block():
                        return updated(HostFacts(), answer)
                    case Garbled(reason, lost=True):
                        raise BadAnswer(host, reason, _LOOK_AT_LOGIN)
    except TimeoutError:
        raise NoAnswer(host, f"did not answer the probe within {limit:g} s") from None
    raise AssertionError("unreachable: answers() ends by raising")


def updated(facts: HostFacts, block: Block) -> HostFacts:
    """`facts` after a block of news. Keys of other versions are skipped, values that make no sense are unknown."""
    changes: dict[str, Any] = {}
    for key, value in block.values.items():
        read = _READERS.get(key)
        if read is None:
            continue
        try:
            changes.update(read(value))
        except (ValueError, IndexError):
            changes.update(read(None))
    if block.complete:
        return HostFacts(**changes)
    return msgspec.structs.replace(facts, **changes)


Reader = Callable[[str | None], dict[str, Any]]


def _one(field: str, convert: Callable[[str], Any], unknown: Any = None) -> Reader:
    return lambda value: {field: unknown if value is None else convert(value)}


def _load(value: str) -> tuple[float, float, float]:
    one, five, fifteen = map(_number, value.split())
    return one, five, fifteen


def _number(value: str) -> float:
    if not _NUMBER.fullmatch(value):
        raise ValueError(value)
    return float(value)


def _whole(value: str) -> int:
    return int(_number(value))


def _memory(value: str) -> Memory:
    total, available, swap_total, swap_free = (_whole(word) * 1024 for word in value.split())
    return Memory(total, available, swap_total, swap_free)


def _disks(value: str) -> tuple[DiskUse, ...]:
    words = value.split()
    triples = zip(words[::3], words[1::3], words[2::3], strict=True)
    return tuple(DiskUse(sys.intern(mount), _whole(used) * 1024, _whole(free) * 1024) for mount, used, free in triples)


def _lock(value: str) -> ActivationLock:
    operation, since, operator = value.split(" ", 2)
    return ActivationLock(operation, operator, _number(since))


def _words(value: str) -> tuple[str, ...]:
    return tuple(map(sys.intern, value.split()))


def _failed_units(value: str) -> tuple[str, ...]:
    return () if value == "none" else _words(value)


def _reboot(value: str | None) -> dict[str, Any]:
    """`kernel,initrd,kernel-modules 6.12.51 6.12.58`, or `nothing 6.12.58 6.12.58`; `-` is an unknown version."""
    if value is None:
        return {"reboot_needed": None, "reboot_reason": None}
    differing, running, current = value.split(" ")
    reason = reboot_reason(differing, running, current)
    return {"reboot_needed": reason is not None, "reboot_reason": None if reason is None else sys.intern(reason)}


_READERS: Final[Mapping[str, Reader]] = {
    **{
        # A fleet says the same few thousand texts over and over; interned, 10,000 hosts hold each of them once.
        name: _one(name, sys.intern)
        for name in (
            "current_system",
            "booted_system",
            "profile_system",
            "nixos_version",
            "configuration_revision",
            "kernel_running",
            "kernel_current",
            "systemd_state",
            "secrets_generation",
        )
    },
    "boot_id": _one("boot_id", str),
    "generation": _one("generation", _whole),
    "generations": _one("generations", _whole),
    "switched_at": _one("switched_at", _number),
    "uptime_s": _one("uptime_s", _number),
    "clock": _one("clock", _number),
    "reboot_for": _reboot,
    "failed_units": _one("failed_units", _failed_units),
    "load": _one("load", _load),
    "memory_kib": _one("memory", _memory),
    "disks_kib": _one("disks", _disks),
    "lock": _one("lock", _lock),
    "leftovers": _one("leftovers", _words, ()),
}
