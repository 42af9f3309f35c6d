"""`nixtui diff HOST FROM TO`: packages added, removed and changed between two systems, also of two hosts."""

from argparse import ArgumentParser, Namespace
from datetime import UTC, datetime
from typing import Any

from nixtui.cli.assembly import Assembly
from nixtui.cli.exits import Exit
from nixtui.cli.output import print_json, print_table, size
from nixtui.model.closure import Change, ClosureDiff
from nixtui.model.host import Host
from nixtui.model.store_path import short_name
from nixtui.model.target import parse_target, resolve
from nixtui.remote.generations import generations

SIGNS = {Change.ADDED: "+", Change.REMOVED: "-", Change.UPGRADED: "↑", Change.DOWNGRADED: "↓", Change.CHANGED: "~"}


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("host", metavar="HOST")
    for name in ("from", "to"):
        parser.add_argument(
            name, metavar=name.upper(), help="154, previous, current, @2h, rev:…, path:…, or OTHERHOST:154"
        )
    parser.add_argument("--json", action="store_true")


async def run(arguments: Namespace, nixtui: Assembly) -> Exit:
    """Resolve both sides, ask for their closures, compare."""
    host = await nixtui.one(arguments.host)
    before, after = [await _side(nixtui, host, getattr(arguments, name)) for name in ("from", "to")]
    found = await nixtui.diff(before, after)
    if arguments.json:
        print_json(as_json(found))
    else:
        _print(found)
    return Exit.DONE


def as_json(found: ClosureDiff) -> dict[str, Any]:
    """A diff as scripts get it; the keys are a contract."""
    return {
        "from": found.before,
        "to": found.after,
        "packages": [
            {"name": each.name, "before": list(each.before), "after": list(each.after), "change": each.change.value}
            for each in found.packages
        ],
        "rebuilt": found.rebuilt,
        "closure_bytes_before": found.bytes_before,
        "closure_bytes_after": found.bytes_after,
    }


async def _side(nixtui: Assembly, host: Host, text: str) -> tuple[Host, str]:
    """`OTHERHOST:154` is a side on another host; `rev:` and `path:` are targets, whatever hosts are called."""
    name, colon, rest = text.partition(":")
    if colon and name not in ("rev", "path") and not text.startswith("@"):
        host, text = await nixtui.one(name), rest
    target = parse_target(text, now=datetime.now(UTC))
    async with nixtui.reach(host) as transport:
        return host, resolve(target, await generations(transport)).path


def _print(found: ClosureDiff) -> None:
    print(f"{short_name(found.before)} → {short_name(found.after)}")
    rows = [
        (SIGNS[each.change], each.name, _versions(each.before), _versions(each.after), each.change.value)
        for each in found.packages
    ]
    if rows:
        print_table(("", "PACKAGE", "BEFORE", "AFTER", "CHANGE"), rows)
    counts = ", ".join(f"{count} {change.value}" for change, count in found.counts.items() if count)
    print(f"{counts or 'no version changes'}; {found.rebuilt} rebuilt in the same version")
    growth = found.bytes_after - found.bytes_before
    print(
        f"closure {size(found.bytes_before)} → {size(found.bytes_after)} ({'+' if growth >= 0 else ''}{size(growth)})"
    )


def _versions(versions: tuple[str, ...]) -> str:
    return ", ".join(version or "(no version)" for version in versions) or "–"
