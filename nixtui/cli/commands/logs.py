"""`nixtui logs SELECTOR…`: the journals of hosts as one, read or followed."""

import asyncio
import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from datetime import UTC, datetime

from nixtui.cli.assembly import Assembly
from nixtui.cli.exits import Exit, UsageError
from nixtui.cli.output import narrate, plain
from nixtui.logs.follower import FeedState
from nixtui.logs.line import Kind, LogLine, as_json, text_line
from nixtui.logs.query import BadQuery, LogQuery, parse_moment, parse_priority
from nixtui.logs.tail import LogTail
from nixtui.model.host import Host

DEFAULT_LINES = 100
MOST_LINES = 100_000
_PRINT_EVERY_S = 0.25
"""How long lines wait for older ones of other hosts before they are printed."""


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("selectors", metavar="SELECTOR", nargs="+", help="a name, web-*, tag:role=web, is:failed, all")
    parser.add_argument(
        "--unit", "-u", metavar="U", action="append", default=[], help="only this unit; may be repeated"
    )
    parser.add_argument("--since", metavar="T", help="10m, 2h, 03:00, 2026-11-20T14:00")
    parser.add_argument("--until", metavar="T", help="as --since")
    parser.add_argument("--priority", "-p", metavar="P", help="this urgent or more: err, warning, 0 to 7")
    parser.add_argument("--grep", "-g", metavar="TEXT", default="", help="plain text; small letters find capitals, too")
    parser.add_argument(
        "--lines", "-n", metavar="N", type=int, help=f"the last N (default: {DEFAULT_LINES}, or all since T)"
    )
    parser.add_argument("--follow", "-f", action="store_true", help="go on with what is written")
    parser.add_argument("--json", action="store_true", help="one object a line")


async def run(arguments: Namespace, nixtui: Assembly) -> Exit:
    """Read all hosts at once and print their lines in the order of time; say in the exit status who was not read."""
    query = _query(arguments)
    lines = arguments.lines if arguments.lines is not None else DEFAULT_LINES if query.since is None else MOST_LINES
    if not 0 < lines <= MOST_LINES:
        raise UsageError(f"--lines takes 1 to {MOST_LINES}")
    if arguments.follow and query.until is not None:
        raise UsageError("--follow and --until exclude each other")
    hosts = await nixtui.select(arguments.selectors)
    tail = LogTail(
        hosts,
        query,
        nixtui,
        clock=nixtui.clock,
        backlog=lines,
        follow=arguments.follow,
        most_lines=max(MOST_LINES, lines) + len(hosts),
    )
    if arguments.follow:
        await _follow(tail, lines, as_lines_of_json=arguments.json)
        return Exit.DONE
    await tail.run()
    entries, remarks = _parted(tail.buffer.lines)
    _narrate(remarks)
    if tail.buffer.dropped:
        narrate(f"only the newest {MOST_LINES:,} lines are printed; narrow it with --since, --unit or --priority")
    _print(entries[-lines:], as_lines_of_json=arguments.json)
    return _exit(tail, hosts)


async def _follow(tail: LogTail, lines: int, *, as_lines_of_json: bool) -> None:
    """Until somebody interrupts us, or nobody reads any more."""
    running = asyncio.create_task(tail.run())
    more = asyncio.Event()
    tail.wake = more.set
    printed = 0
    try:
        while tail.states[FeedState.CONNECTING] + tail.states[FeedState.READING] and not running.done():
            await more.wait()
            more.clear()
        while True:
            await asyncio.sleep(_PRINT_EVERY_S)
            found, tail.buffer.lines = tail.buffer.lines, []
            entries, remarks = _parted(found)
            _narrate(remarks)
            _print(entries if printed else entries[-lines:], as_lines_of_json=as_lines_of_json)
            printed += 1
            more.clear()
            await more.wait()
    finally:
        running.cancel()
        await asyncio.wait((running,))


def _query(arguments: Namespace) -> LogQuery:
    now = datetime.now(UTC)
    try:
        return LogQuery(
            units=tuple(arguments.unit),
            priority=None if arguments.priority is None else parse_priority(arguments.priority),
            since=None if arguments.since is None else parse_moment(arguments.since, now),
            until=None if arguments.until is None else parse_moment(arguments.until, now),
            grep=arguments.grep,
        )
    except BadQuery as error:
        raise UsageError(str(error)) from error


def _parted(lines: Sequence[LogLine]) -> tuple[list[LogLine], list[LogLine]]:
    """Entries, and what nixtui has to say about them."""
    entries = [line for line in lines if line.kind is Kind.ENTRY]
    return entries, [line for line in lines if line.kind in (Kind.NOTE, Kind.TROUBLE)]


def _narrate(remarks: Sequence[LogLine]) -> None:
    for line in remarks:
        narrate(f"{line.host}: {line.message if line.message.isprintable() else plain(line.message)}")


def _print(entries: Sequence[LogLine], *, as_lines_of_json: bool) -> None:
    if as_lines_of_json:
        sys.stdout.writelines(f"{json.dumps(as_json(line), ensure_ascii=False)}\n" for line in entries)
    else:
        sys.stdout.writelines(f"{text_line(line)}\n" for line in entries)
    sys.stdout.flush()


def _exit(tail: LogTail, hosts: Sequence[Host]) -> Exit:
    unread = len(tail.trouble())
    return Exit.DONE if not unread else Exit.UNREACHABLE if unread == len(hosts) else Exit.PARTIAL
