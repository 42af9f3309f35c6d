"""The journal of a host, read or followed: the operator's half of `scripts/journal.sh`.

The JSON is that of https://systemd.io/JOURNAL_EXPORT_FORMATS/#journal-json-format: every value is a string, an array
of bytes where it is no text, an array of those where a field was given more than once, or null where it is longer than
4096 bytes.
"""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import msgspec

from nixtui.remote.errors import BadAnswer, NoAnswer, RemoteError, Unreachable
from nixtui.remote.output import CUT_MARK, clean
from nixtui.remote.transport import Channel, Transport, load_script

TOO_LONG: Final = "[longer than 4 KiB: the whole record has it]"
SILENCE_S: Final = 30.0
"""How long a host may take for the next entry when it has only to read them."""

_FIELDS: Final = "MESSAGE,PRIORITY,_SYSTEMD_UNIT,UNIT,_SYSTEMD_USER_UNIT,USER_UNIT,SYSLOG_IDENTIFIER,_COMM,_PID"
"""What is shown of an entry; all of its other fields are two thirds of its bytes."""

_CLOCK: Final = "#nixtui-journal clock "
_PARTIAL: Final = "#nixtui-journal partial"
_GARBAGE_CHARACTERS: Final = 64 * 2**10
_LAST_MOMENT_US: Final = 253_402_300_799 * 1_000_000
_NO_SEARCH: Final = "pattern matching"
_NOT_ALL: Final = re.compile(r"not seeing messages from other users|insufficient permissions|Permission denied")
_CUT_FIELD: Final = re.compile(r'"([A-Z_][A-Z0-9_]*)":\s*(?:"((?:[^"\\]|\\.)*)|\[([0-9, ]*))')
_TURN_S: Final = 0.004
"""So long a flood may keep the event loop from everybody else."""


class CannotSearch(RemoteError):
    """This host's journalctl was built without pattern matching."""


class JournalEntry(msgspec.Struct, frozen=True, gc=False):
    """One entry. `at` is in microseconds since 1970 by the host's clock; what it does not say is `None` or empty."""

    cursor: str
    at: int | None
    priority: int | None
    unit: str
    identifier: str
    pid: str
    message: str


class _Raw(
    msgspec.Struct,
    gc=False,
    rename={
        "cursor": "__CURSOR", "at": "__REALTIME_TIMESTAMP", "message": "MESSAGE", "priority": "PRIORITY",
        "system_unit": "_SYSTEMD_UNIT", "unit": "UNIT", "system_user_unit": "_SYSTEMD_USER_UNIT",
        "user_unit": "USER_UNIT", "identifier": "SYSLOG_IDENTIFIER", "command": "_COMM", "pid": "_PID",
    },
):  # fmt: skip
    cursor: Any = ""
    at: Any = ""
    message: Any = ""
    priority: Any = ""
    system_unit: Any = ""
    unit: Any = ""
    system_user_unit: Any = ""
    user_unit: Any = ""
    identifier: Any = ""
    command: Any = ""
    pid: Any = ""


_decode = msgspec.json.Decoder(_Raw).decode
_PRIORITIES: Final = {str(number): number for number in range(8)}


def parse_entry(line: str) -> JournalEntry | None:
    """The entry that a line is, as far as it can be read; `None` for one that is none."""
    if not line.startswith("{"):
        return None
    try:
        raw = _decode(line)
    except (msgspec.MsgspecError, RecursionError, ValueError):
        raw = _salvaged(line)
    at, cursor = raw.at, raw.cursor
    moment = int(at) if type(at) is str and at.isascii() and at.isdigit() and len(at) < 19 else None
    if moment is not None and moment > _LAST_MOMENT_US:
        moment = None
    if moment is None and not cursor:
        return None
    # The manager names the unit that it speaks of in UNIT, its own being init.scope.
    unit = raw.unit or raw.user_unit or raw.system_user_unit or raw.system_unit
    message = raw.message
    return JournalEntry(
        cursor if type(cursor) is str else "",
        moment,
        _PRIORITIES.get(raw.priority) if type(raw.priority) is str else None,
        _word(unit),
        _word(raw.identifier or raw.command),
        _word(raw.pid),
        TOO_LONG if message is None else clean(message if type(message) is str else text_of(message)),
    )


def text_of(value: object) -> str:
    """A value of the journal's JSON as text, whatever it is."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        if value and all(isinstance(each, int) and 0 <= each < 256 for each in value):
            return bytes(value).decode(errors="replace")
        return "\n".join(text_of(each) for each in value)
    return "" if value is None else str(value)


def _word(value: object) -> str:
    return value if type(value) is str and value.isprintable() and len(value) < 256 else clean(text_of(value))[:256]


def _salvaged(line: str) -> _Raw:
    """What can be read of a line that was cut because it was too long, or is broken otherwise."""
    found: dict[str, Any] = {}
    for name, text, numbers in _CUT_FIELD.findall(line):
        if numbers:
            found[name] = [int(each) % 256 for each in numbers.split(",") if each]
        else:
            found[name] = _unescaped(text)
    raw: _Raw = msgspec.convert(found, _Raw)
    raw.message = text_of(raw.message) + CUT_MARK
    return raw


def _unescaped(text: str) -> str:
    try:
        return msgspec.json.decode(f'"{text}"', type=str)
    except (msgspec.MsgspecError, ValueError):
        return text


def options_for(
    *,
    units: Sequence[str] = (),
    priority: int | None = None,
    since: float | None = None,
    until: float | None = None,
    grep: str = "",
) -> tuple[str, ...]:
    """journalctl's options for some of the entries: of any of these units, at least this urgent, with this text.

    Text without capitals is found in either case.
    """
    options = [f"--unit={unit}" for unit in units]
    if priority is not None:
        options.append(f"--priority={priority}")
    if since is not None:
        options.append(f"--since=@{int(since)}")
    if until is not None:
        options.append(f"--until=@{int(until)}")
    if grep:
        options.append(f"--grep={re.sub(r'([^A-Za-z0-9_ -])', _literally, grep)}")
        options.append(f"--case-sensitive={'false' if grep == grep.lower() else 'true'}")
    return tuple(options)


def _literally(found: re.Match[str]) -> str:
    """Only what is ASCII can mean something in a pattern."""
    return f"\\{found[1]}" if found[1].isascii() else found[1]


class JournalReading:
    """Entries as a host prints them. `clock` is the host's, `may_see_all` is known once it has ended."""

    def __init__(self, host: str, channel: Channel) -> None:
        self.clock: float | None = None
        self._is_partial = False
        self._host = host
        self._channel = channel

    @property
    def may_see_all(self) -> bool:
        """False when the host says that this login is not shown everything."""
        return not self._is_partial and _NOT_ALL.search(self._channel.stderr) is None

    async def entries(self, started: Callable[[], None] = lambda: None) -> AsyncIterator[JournalEntry]:
        """Until the host has no more, or the link is lost (`Unreachable`). `started` is called when it has begun.

        Raises `BadAnswer` when it sends something else or its journalctl fails, `CannotSearch` when that is why.
        """
        garbage, turn = 0, time.perf_counter()
        async for line in self._channel.lines():
            entry = parse_entry(line)
            if entry is not None:
                yield entry
            elif line.startswith(_CLOCK) and self.clock is None:
                self.clock = float(digits) if (digits := line.removeprefix(_CLOCK)[:12]).isdigit() else 0.0
                started()
            elif line == _PARTIAL:
                self._is_partial = True
            else:
                garbage += len(line) + 1
                if garbage > _GARBAGE_CHARACTERS:
                    raise BadAnswer(self._host, "sends garbage instead of its journal", "look at what its shell prints")
            if (now := time.perf_counter()) - turn > _TURN_S:
                await asyncio.sleep(0)
                turn = now if now - turn > 1 else time.perf_counter()
        self._judge_end()

    def _judge_end(self) -> None:
        status, said = self._channel.exit_status, self._channel.stderr.strip()
        if status is None:
            raise Unreachable(self._host, "the link was lost")
        if status == 0 or (not self.may_see_all and self.clock is not None):
            return
        last = said.splitlines()[-1][:200] if said else f"journalctl ended with status {status}"
        if _NO_SEARCH in said:
            raise CannotSearch(self._host, "its journalctl cannot search")
        raise BadAnswer(self._host, f"its journal cannot be read: {last}")


@asynccontextmanager
async def open_journal(transport: Transport, *options: str, elevated: bool = False) -> AsyncIterator[JournalReading]:
    """Start journalctl on a host; leaving the context ends it."""
    script = load_script("journal")
    async with transport.open(script, f"--output-fields={_FIELDS}", *options, elevated=elevated) as channel:
        yield JournalReading(transport.host.name, channel)


async def newest(
    transport: Transport, count: int, options: Sequence[str], *, elevated: bool = False
) -> tuple[list[JournalEntry], float | None, bool]:
    """The newest entries, oldest first; the host's clock before that; whether this login may see all there are.

    Read from the end, because journalctl before 254 takes the first ones of a time range and not the last ones.
    Raises a `RemoteError`.
    """
    found: list[JournalEntry] = []
    try:
        async with (
            asyncio.timeout(SILENCE_S) as silence,
            open_journal(transport, "--reverse", f"--lines={count}", *options, elevated=elevated) as reading,
        ):
            loop = asyncio.get_running_loop()
            async for entry in reading.entries():
                found.append(entry)
                if not len(found) % 256:
                    silence.reschedule(loop.time() + SILENCE_S)
    except TimeoutError:
        raise NoAnswer(transport.host.name, f"has read nothing of its journal for {SILENCE_S:g} s") from None
    found.reverse()
    return found, reading.clock, reading.may_see_all


async def whole_record(transport: Transport, cursor: str, *, elevated: bool = False) -> list[tuple[str, str]]:
    """Every field of one entry, clean, in the order of their names. Raises a `RemoteError`."""
    options = ("--all", "--lines=1", f"--cursor={cursor}")
    done = await transport.run(load_script("journal"), *options, elevated=elevated)
    line = next((line for line in done.stdout.split("\n") if line.startswith("{")), None)
    try:
        fields = msgspec.json.decode(line or "", type=dict[str, Any])
    except (msgspec.MsgspecError, RecursionError, ValueError):
        raise BadAnswer(transport.host.name, "has this entry no longer, or does not show it") from None
    if fields.get("__CURSOR") != cursor:
        raise BadAnswer(transport.host.name, "has this entry no longer: its journal was rotated")
    return sorted((clean(name)[:64], clean(text_of(value))) for name, value in fields.items())
