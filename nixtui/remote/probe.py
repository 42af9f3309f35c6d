"""What a host says about itself, as a stream: the operator's half of `scripts/probe.sh`."""

import asyncio
import re
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from nixtui.model.status import HostFacts
from nixtui.remote.errors import BadAnswer, NoAnswer, RemoteError, Unreachable
from nixtui.remote.facts import Block, updated
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
_FACT = re.compile(r"([a-z][a-z0-9_]{0,31})(?: (.*))?\Z")


class Request(StrEnum):
    """What is asked of the probe: the cheap values, also disks and the clock, or everything again."""

    TICK = "tick"
    SLOW = "slow"
    FULL = "full"


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

    `nonce` is what the probe was started with: nobody else on the host can know it. Answers are numbered by the host:
    one that was lost is noticed, and so is one that nobody asked for (`asked` counts the requests; the first answer
    comes by itself). `garbage` counts the characters of everything else since the last answer. `is_started` says that
    the script has begun to answer, and so was read to its end.
    """

    def __init__(self, nonce: str) -> None:
        self._mark = f"#nixtui-probe {nonce} "
        self._block: dict[str, str | None] | None = None
        self._complete = False
        self._characters = 0
        self._number = 0
        self.is_started = False
        self.asked = 0
        self.garbage = 0
        self._reported = False

    def feed(self, line: str) -> Answer | None:
        """Take in one line; returns the answer it completes."""
        at = line.find(self._mark)
        if at >= 0:  # not always at the start: a program in the background may have printed half a line before it
            self.garbage += len(line)
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
                follows = self._follows(number) or (self._complete and self._number <= self.asked + 1)
                return None if block is None and follows else self._broken()
            case ["end", number, count] if block is not None and number == str(self._number):
                return self._well(Block(block, self._complete)) if count == str(len(block)) else self._broken()
            case ["hello", _] if block is None:
                return None
        return self._broken()

    def _follows(self, number: str) -> bool:
        """Note the number of an answer; true when none is missing before it."""
        self.is_started = True
        before, self._number = self._number, int(number) if number.isdecimal() and len(number) < 10 else 0
        return self._number == before + 1 <= self.asked + 1

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

    def _broken(self) -> Garbled:
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
        if not self._parser.is_started:
            return False
        self._parser.asked += 1
        self._channel.write(f"{request.value}\n")
        return True

    async def answers(self) -> AsyncIterator[Answer]:
        """Answers as they come, for as long as the probe runs.

        Raises `BadAnswer` for a host that floods or runs no scripts, and `Unreachable` when the probe ends otherwise:
        it ends with the link only.
        """
        garbage_lines = 0
        async for line in self._channel.lines():
            answer = self._parser.feed(line)
            if answer is not None:
                yield answer
            if self._parser.garbage:
                garbage_lines += 1
                if garbage_lines % _LINES_PER_TURN == 0:
                    await asyncio.sleep(0)
                if self._parser.garbage > GIVE_UP_CHARACTERS:
                    raise BadAnswer(self._host, "floods us instead of answering the probe", _LOOK_AT_LOGIN)
        raise self._ended()

    def _ended(self) -> RemoteError:
        status = self._channel.exit_status
        if status is None or self._parser.is_started:
            return Unreachable(self._host, "the link was lost")
        said = self._channel.stderr.strip().splitlines()
        why = f": {said[-1][:200]}" if said else ""
        return BadAnswer(self._host, f"ended the login instead of running the probe (exit status {status}){why}")


def _random_nonce() -> str:
    return secrets.token_hex(4)


@asynccontextmanager
async def open_probe(transport: Transport, nonce: Callable[[], str] = _random_nonce) -> AsyncIterator[Probe]:
    """Start the probe on a host; leaving the context ends it."""
    word = nonce()
    async with transport.open(load_script("probe", "facts", "meters"), word) as channel:
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
