"""`nixtui diff HOST FROM TO`: packages, units, kernel and commits between two systems, also of two hosts."""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from nixtui.cli.assembly import Assembly
from nixtui.cli.comparing import Comparing
from nixtui.cli.exits import Exit
from nixtui.cli.output import narrate, plain, print_json, print_table, rfc3339, shown, size
from nixtui.model.anatomy import SystemDiff
from nixtui.model.closure import Change, ClosureDiff
from nixtui.model.commit import Commit, CommitRange
from nixtui.model.host import Host
from nixtui.model.store_path import short_name
from nixtui.model.target import parse_target, resolve
from nixtui.remote.errors import RemoteError
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
    systems, commits = await _besides(nixtui, before, after)
    if arguments.json:
        print_json({**as_json(found), **besides_as_json(systems, commits)})
    else:
        _print(found)
        for line in besides_lines(systems, commits):
            print(plain(line))
    return Exit.DONE


async def _besides(
    nixtui: Assembly, before: tuple[Host, str], after: tuple[Host, str]
) -> tuple[SystemDiff | None, CommitRange | None]:
    """What only the hosts' files and the repository know; the packages are worth having without it."""
    comparing = Comparing(nixtui)
    try:
        systems = await comparing.systems(before, after)
    except RemoteError as error:
        narrate(plain(f"units and kernel are not known: {error}"))
        return None, None
    return systems, await comparing.commits(systems.before.revision, systems.after.revision)


def besides_as_json(systems: SystemDiff | None, commits: CommitRange | None) -> dict[str, Any]:
    """Everything but packages as scripts get it; what is not known is `null`."""

    def both(name: str) -> dict[str, Any] | None:
        return {"before": getattr(systems.before, name), "after": getattr(systems.after, name)} if systems else None

    units = systems.units if systems else None
    return {
        "nixos_version": both("nixos_version"),
        "kernel": both("kernel"),
        "configuration_revision": both("revision"),
        "units": {name: list(getattr(units, name)) for name in ("added", "removed", "changed")} if units else None,
        "specialisations": {
            "added": list(systems.specialisations_added),
            "removed": list(systems.specialisations_removed),
        }
        if systems
        else None,
        "reboot_needed": systems.reboot_needed if systems else None,
        "commits": {
            "undone": [_commit_as_json(each) for each in commits.undone],
            "added": [_commit_as_json(each) for each in commits.added],
            "more": commits.more,
            "unknown": commits.unknown,
        }
        if commits
        else None,
    }


def _commit_as_json(commit: Commit) -> dict[str, Any]:
    return {"revision": commit.revision, "subject": commit.subject, "at": rfc3339(commit.at)}


def besides_lines(systems: SystemDiff | None, commits: CommitRange | None) -> Iterator[str]:
    """Everything but packages for people."""
    if systems is not None:
        before, after = systems.before, systems.after
        for name, old, new in (
            ("NixOS", before.nixos_version, after.nixos_version),
            ("kernel", before.kernel, after.kernel),
            ("revision", before.revision, after.revision),
        ):
            yield f"{name} {shown(old)} → {shown(new)}" if old != new else f"{name} {shown(old)}, the same"
        if systems.units is not None:
            for word in ("added", "removed", "changed"):
                if names := getattr(systems.units, word):
                    yield f"units {word}: {', '.join(names)}"
            if not systems.units.names:
                yield "no unit differs"
        if systems.boot_parts:
            yield f"takes a reboot for full effect: {', '.join(systems.boot_parts)}"
    if commits is not None:
        if commits.unknown is not None:
            yield f"commits not known: {commits.unknown}"
        for word, listed in (("undone", commits.undone), ("added", commits.added)):
            for commit in listed:
                yield f"commit {word}: {commit.revision[:8]} {commit.subject}"
        if commits.more:
            yield "… and more commits"


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
    # the size before as well, rounded, would contradict the difference
    print(f"closure {size(found.bytes_after)} ({'+' if growth >= 0 else ''}{size(growth)})")


def _versions(versions: tuple[str, ...]) -> str:
    return ", ".join(version or "(no version)" for version in versions) or "–"
