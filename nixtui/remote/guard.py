"""The guard, from here: what is said to `scripts/guard.sh`, and what its answers mean.

Nothing here decides anything; `activation/guarded.py` does. Every call raises a `RemoteError` when the host cannot be
talked to, which for a guarded host never means that nothing happened: ask `inspect` over the next connection.
"""

from collections.abc import Callable
from enum import StrEnum
from functools import cache

import msgspec

from nixtui.remote.errors import BadAnswer
from nixtui.remote.transport import Completed, Script, Transport, load_script

GRACE_S = 120.0
"""What the guard's own work may take beyond the activation: waiting for NixOS's lock (90 s) is most of it."""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """Where one host is to go. `expect_*` is what the operator was shown; anything else there stops it untouched.

    `number` is the generation that already has `new`, if one does. Times are seconds. A `live` order tests the new
    system under the guard first; one that is not only sets profile and boot entry. One that is not `lasting` ends with
    the test: once it has proved itself the host stays there until it reboots; profile and boot entry are not touched.
    `lasts` is what profile and boot entry get where that is not `new`: the system that a specialisation is part of, or
    what deploy-rs wraps around a system.

    With a `link` it is about that profile of `owner` and no system: the link is to lead to `new`, where it leads to
    `expect_profile` now (nowhere, where that is empty).

    With `pull`, a command that fetches a system and switches to it, nobody knows `new` beforehand, and it is empty.

    Where nobody has to `confirm`, a host that hears nothing stays where a successful activation took it. One that
    `stays` does not go back when its activation fails either. Both are what deploy-rs can be told.
    """

    operation: str
    operator: str
    new: str
    number: int | None
    expect_current: str
    expect_profile: str
    revert_after: float
    activation_timeout: float
    live: bool = True
    lasting: bool = True
    lasts: str | None = None
    link: str | None = None
    owner: str = "root"
    confirm: bool = True
    stays: bool = False
    pull: str | None = None

    @property
    def mode(self) -> str:
        """The script's word for how far it goes."""
        if self.pull is not None:
            return "pull-boot" if not self.live else "pull" if self.lasting else "pull-test"
        if self.link is not None:
            return "profile" if self.live else "profile-boot"
        if not self.live:
            return "boot"
        return "live" if self.lasting else "test"

    def arguments(self) -> list[str]:
        """The arguments of `guard begin`, without the script's own text."""
        return [
            "begin",
            self.operation,
            f"operator={self.operator}",
            f"mode={self.mode}",
            f"new={self.new}",
            f"lasts={self.lasts or self.new}",
            f"number={'' if self.number is None else self.number}",
            f"expect_current={self.expect_current}",
            f"expect_profile={self.expect_profile}",
            f"revert_after={round(self.revert_after)}",
            f"activation_timeout={round(self.activation_timeout)}",
            *(() if self.link is None else (f"link={self.link}", f"owner={self.owner}")),
            *(() if self.pull is None else (f"pull={self.pull}",)),
            *(() if self.confirm else ("confirm=no",)),
            *(("failing=stay",) if self.stays else ()),
        ]


class Locked(msgspec.Struct, frozen=True):
    """The host is ours; `boot_id` is the boot this holds for."""

    boot_id: str


class Armed(msgspec.Struct, frozen=True):
    """From now on the host goes back by itself after `seconds`, unless it hears from us."""

    seconds: float


class Started(msgspec.Struct, frozen=True):
    """The activation runs, in a unit of its own."""


class Output(msgspec.Struct, frozen=True):
    """One line a command printed."""

    text: str


class Swept(msgspec.Struct, frozen=True):
    """The leftovers of a crashed operation were cleared away."""

    operation: str
    what: str


class Tested(msgspec.Struct, frozen=True):
    """The activation ended with this exit code."""

    code: int


class Died(msgspec.Struct, frozen=True):
    """The activation was stopped before it ended: it took too long, or somebody killed it."""

    reason: str


class Ended(msgspec.Struct, frozen=True):
    """The whole operation ended meanwhile; `inspect` knows how."""


class Refusal(msgspec.Struct, frozen=True):
    """Nothing was done. `word` is one of `locked moved missing room busy inhibited unsupported`."""

    word: str
    detail: str


Answer = Locked | Armed | Started | Output | Swept | Tested | Died | Ended | Refusal
Hear = Callable[[Answer], None]


class GuardOutcome(StrEnum):
    """How an operation stands on its host: `open` while it runs, `none` when the host knows nothing of it."""

    OPEN = "open"
    NONE = "none"
    COMMITTED = "committed"
    TESTED = "tested"
    REVERTED = "reverted"
    REVERT_FAILED = "revert_failed"
    FAILED = "failed"
    NOT_BEGUN = "not_begun"
    ABANDONED = "abandoned"
    ENDED = "ended"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What the host knows of an operation. `left` is seconds until it goes back, while it is armed.

    `code` is the activation's exit code and `revert_code` that of going back; `log` the last lines of what failed.
    """

    outcome: GuardOutcome
    why: str | None = None
    code: int | None = None
    revert_code: int | None = None
    verdict: str | None = None
    current: str | None = None
    profile: str | None = None
    number: int | None = None
    boot_default: str | None = None
    boot_id: str | None = None
    left: float | None = None
    at: float | None = None
    log: tuple[str, ...] = ()


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    """What runs now, what the profile says, and the units that fail: those that failed before as well, and those that
    did not.
    """

    current: str | None
    profile: str | None
    newly_failed: tuple[str, ...]
    still_failed: tuple[str, ...]
    log: tuple[str, ...]


@cache
def guard_script() -> Script:
    """The guard with the parts it needs."""
    return load_script(
        "guard",
        "links",
        "boot",
        "inhibitors",
        "pins",
        "owner",
        "guard/ground",
        "guard/lock",
        "guard/idle",
        "guard/check",
        "guard/activation",
        "guard/commit",
        "guard/revert",
        "guard/profile",
        "guard/pull",
        "guard/prune",
        "guard/ending",
    )


async def begin(transport: Transport, order: Order, hear: Hear) -> Tested | Died | Ended | Refusal | Finding:
    """Lock, check, record, arm, start and follow. An order that is not live ends with a `Finding`."""
    script = guard_script()
    return await _followed(transport, hear, order.activation_timeout, *order.arguments(), f"guard={script.text}")


async def follow(
    transport: Transport, operation: str, lines: int, hear: Hear, activation_timeout: float
) -> Tested | Died | Ended | Refusal | Finding:
    """Go on following after a lost link; `lines` of the activation's output were heard already."""
    return await _followed(transport, hear, activation_timeout, "follow", operation, str(lines))


async def extend(transport: Transport, operation: str, limit: float) -> Armed | Finding:
    """A sign of life: `revert_after` counts from now. A `Finding` when the host has decided already.

    Raises `NoAnswer` after `limit` seconds.
    """
    completed = await _run(transport, "extend", operation, timeout=limit)
    armed = [answer for line in completed.stdout.splitlines() if isinstance(answer := parse_answer(line), Armed)]
    return armed[-1] if armed else _finding(transport, completed)


async def verify(transport: Transport, operation: str) -> Verification:
    """What runs, and what fails that did not. Meant for a connection made after the activation."""
    completed = await _run(transport, "verify", operation, elevated=False)
    values = _values(completed.stdout)
    if "verified" not in values:
        raise _bad(transport, completed)
    return Verification(
        current=_last(values, "current"),
        profile=_last(values, "profile"),
        newly_failed=tuple(values.get("newly_failed", ())),
        still_failed=tuple(values.get("still_failed", ())),
        log=tuple(values.get("log", ())),
    )


async def commit(transport: Transport, operation: str, timeout: float) -> Finding:  # noqa: ASYNC109 - the host's own
    """Make it last, or a test stay until the next boot. What comes back is what the host did in the end, which may be
    that it went back.
    """
    return _finding(transport, await _run(transport, "commit", operation, timeout=timeout + GRACE_S))


async def revert(transport: Transport, operation: str, why: str) -> Finding:
    """Go back now, rather than when the timer would."""
    return _finding(transport, await _run(transport, "revert", operation, why, timeout=2 * GRACE_S))


class Pruning(msgspec.Struct, frozen=True, kw_only=True):
    """Generations to delete on one host, by number. `expect_*` is what the operator was shown."""

    operation: str
    operator: str
    numbers: tuple[int, ...]
    expect_current: str
    expect_profile: str

    def arguments(self) -> list[str]:
        """The arguments of `guard prune`, without the script's own text."""
        return [
            "prune",
            self.operation,
            f"operator={self.operator}",
            f"numbers={' '.join(map(str, self.numbers))}",
            f"expect_current={self.expect_current}",
            f"expect_profile={self.expect_profile}",
        ]


PRUNE_LIMIT_S = 900.0
"""Writing the boot entries of a hundred generations takes GRUB a minute on a slow disk; the unit has as long."""


async def prune(transport: Transport, pruning: Pruning) -> Refusal | Finding:
    """Delete generations and their boot entries. It goes on when we are cut off: `inspect` then knows how it ended."""
    script = guard_script()
    completed = await _run(transport, *pruning.arguments(), f"guard={script.text}", timeout=PRUNE_LIMIT_S + GRACE_S)
    answers = map(parse_answer, completed.stdout.splitlines())
    refusals = [answer for answer in answers if isinstance(answer, Refusal)]
    return refusals[-1] if refusals else _finding(transport, completed)


async def inspect(transport: Transport, operation: str) -> Finding:
    """What the host knows of an operation. Needs no rights."""
    return _finding(transport, await _run(transport, "inspect", operation, elevated=False))


async def release(transport: Transport, operation: str) -> None:
    """Let the host forget an operation that ended; one line of it stays until the next boot."""
    await _run(transport, "release", operation)


async def break_lock(transport: Transport, who: str) -> Finding:
    """End whatever operation holds the host's lock: it goes back, as its own timer would have made it."""
    return _finding(transport, await _run(transport, "break", who, timeout=2 * GRACE_S))


def parse_answer(line: str) -> Answer | None:
    """The answer in one line of the guard's output; `None` for lines that are none."""
    word, _, rest = line.partition(" ")
    match word:
        case "log":
            return Output(rest)
        case "locked":
            return Locked(rest)
        case "armed" if rest.isdecimal():
            return Armed(float(rest))
        case "started":
            return Started()
        case "swept":
            operation, _, what = rest.partition(" ")
            return Swept(operation, what)
        case "tested" if rest.isdecimal():
            return Tested(int(rest))
        case "died":
            return Died(rest)
        case "ended":
            return Ended()
        case "refused":
            kind, _, detail = rest.partition(" ")
            return Refusal(kind, detail)
    return None


async def _followed(
    transport: Transport, hear: Hear, activation_timeout: float, *arguments: str
) -> Tested | Died | Ended | Refusal | Finding:
    last: list[Tested | Died | Ended | Refusal] = []

    def on_line(line: str) -> None:
        answer = parse_answer(line)
        if isinstance(answer, Tested | Died | Ended | Refusal):
            last.append(answer)
        elif answer is not None:
            hear(answer)

    completed = await transport.run(
        guard_script(), *arguments, elevated=True, timeout=activation_timeout + GRACE_S, on_line=on_line
    )
    return last[-1] if last else _finding(transport, completed)


async def _run(transport: Transport, *arguments: str, elevated: bool = True, timeout: float = 60.0) -> Completed:  # noqa: ASYNC109
    return await transport.run(guard_script(), *arguments, elevated=elevated, timeout=timeout)


def _finding(transport: Transport, completed: Completed) -> Finding:
    values = _values(completed.stdout)
    word = _last(values, "outcome")
    if word is None or word not in set(GuardOutcome):
        raise _bad(transport, completed)
    return Finding(
        outcome=GuardOutcome(word),
        why=_last(values, "why"),
        code=_number(values, "code"),
        revert_code=_number(values, "revert_code"),
        verdict=_last(values, "verdict"),
        current=_last(values, "current"),
        profile=_last(values, "profile"),
        number=_number(values, "number"),
        boot_default=_last(values, "boot_default"),
        boot_id=_last(values, "boot_id"),
        left=_number(values, "left"),
        at=_number(values, "at"),
        log=tuple(values.get("log", ())),
    )


def _values(text: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        key, _, value = line.partition(" ")
        found.setdefault(key, []).append(value)
    return found


def _last(values: dict[str, list[str]], key: str) -> str | None:
    return (values.get(key) or [""])[-1] or None


def _number(values: dict[str, list[str]], key: str) -> int | None:
    text = _last(values, key) or ""
    return int(text) if text.removeprefix("-").isdecimal() else None


def _bad(transport: Transport, completed: Completed) -> BadAnswer:
    said = (completed.stderr.strip() or completed.stdout.strip()).splitlines()
    return BadAnswer(
        transport.host.name,
        f"the guard gave no answer (exit {completed.exit_status}): {said[-1] if said else 'nothing was printed'}",
    )
