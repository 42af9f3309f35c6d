"""Upkeep, from here: what is said to `scripts/upkeep.sh`, and what its answers mean."""

from collections.abc import Callable
from functools import cache
from typing import Final

import msgspec

from nixtui.remote.errors import BadAnswer
from nixtui.remote.transport import Script, Transport, load_script

GRACE_S: Final = 30.0
"""Beyond the work's own limit, which the host enforces: NixOS's lock (10 s), starting a unit, reading on."""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """One piece of work for one host: `work` is its words (`unit restart nginx.service 90 5`), `limit` seconds it may
    take at most.
    """

    operation: str
    operator: str
    work: tuple[str, ...]
    limit: float


class Line(msgspec.Struct, frozen=True):
    """One answer of the work: `log` with output of a command, `step`, `progress`, or a fact under its own word."""

    word: str
    rest: str


class Ended(msgspec.Struct, frozen=True):
    """The work ended: `code` is its exit status, `None` when it was stopped or died (`how` says which)."""

    code: int | None
    how: str


class Refusal(msgspec.Struct, frozen=True):
    """Nothing was done. `word` is one of `locked busy room unsupported usage`."""

    word: str
    detail: str


Hear = Callable[[Line], None]


@cache
def upkeep_script() -> Script:
    """The script with the parts it needs."""
    return load_script(
        "upkeep", "links", "boot", "guard/ground", "guard/lock", "guard/idle", "upkeep/running", "upkeep/unit",
        "upkeep/store",
    )  # fmt: skip


async def begin(transport: Transport, order: Order, hear: Hear) -> Ended | Refusal:
    """Lock, start, follow. A host that cannot be talked to any more goes on: `follow` over the next connection."""
    script = upkeep_script()
    head = ("begin", order.operation, f"operator={order.operator}", f"limit={round(order.limit)}")
    return await _followed(transport, hear, order.limit, *head, f"upkeep={script.text}", "--", *order.work)


async def follow(transport: Transport, order: Order, lines: int, hear: Hear) -> Ended | Refusal:
    """Go on following; `lines` answers were heard already."""
    return await _followed(transport, hear, order.limit, "follow", order.operation, str(lines))


async def stop(transport: Transport, operation: str) -> None:
    """End it where it is; `follow` then says what was done by then."""
    await transport.run(upkeep_script(), "stop", operation, elevated=True, timeout=60.0)


async def release(transport: Transport, operation: str) -> None:
    """Let the host forget work that ended."""
    await transport.run(upkeep_script(), "release", operation, elevated=True)


async def _followed(transport: Transport, hear: Hear, limit: float, *arguments: str) -> Ended | Refusal:
    last: list[Ended | Refusal] = []

    def on_line(text: str) -> None:
        word, _, rest = text.partition(" ")
        match word:
            case "ended":
                last.append(Ended(int(rest), "ended") if rest.isascii() and rest.isdecimal() else Ended(None, rest))
            case "gone":
                last.append(Ended(None, "gone"))
            case "refused":
                kind, _, detail = rest.partition(" ")
                last.append(Refusal(kind, detail))
            case _:
                hear(Line(word, rest))

    completed = await transport.run(
        upkeep_script(), *arguments, elevated=True, timeout=limit + GRACE_S, on_line=on_line
    )
    if last:
        return last[-1]
    said = (completed.stderr.strip() or completed.stdout.strip()).splitlines()
    why = said[-1][:200] if said else "nothing was printed"
    raise BadAnswer(transport.host.name, f"upkeep gave no answer (exit {completed.exit_status}): {why}")
