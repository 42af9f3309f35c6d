"""Builds of the past, from the journal, and where what they told is kept."""

from pathlib import Path

from nixtui.builds.job import attempted
from nixtui.builds.record import STREAM, folder_of, has_build
from nixtui.cli.assembly import Assembly
from nixtui.cli.carrying_out import tell_what_was_cut_off
from nixtui.cli.exits import Exit, UsageError
from nixtui.cli.output import print_json, print_table, rfc3339, shown
from nixtui.config.paths import state_dir
from nixtui.operations.journal import Entry

MOST = 500


async def history(nixtui: Assembly, *, as_json: bool) -> Exit:
    """Newest first; a build that was cut off has its record as well."""
    await tell_what_was_cut_off(nixtui)
    journal = await nixtui.journal()
    builds = [each for each in await journal.entries(limit=MOST) if has_build(each.plan)]
    records = {each.operation: _record(nixtui, each) for each in builds}
    if as_json:
        print_json(
            [
                {
                    "operation": each.operation,
                    "kind": each.kind,
                    "started_at": rfc3339(each.started_at),
                    "finished_at": rfc3339(each.finished_at),
                    "targets": [target.name for target in each.plan.targets],
                    "outcome": each.outcome.value if each.outcome else None,
                    "record": None if records[each.operation] is None else str(records[each.operation]),
                }
                for each in builds
            ]
        )
        return Exit.DONE
    rows = [
        (
            each.operation,
            shown(rfc3339(each.started_at)),
            each.outcome.value if each.outcome else "running",
            each.title,
            str(records[each.operation] or "–"),
        )
        for each in builds
    ]
    print_table(("OPERATION", "STARTED", "OUTCOME", "TITLE", "RECORD, FOR --replay"), rows)
    return Exit.DONE


async def to_try_again(nixtui: Assembly, operation: str) -> list[str]:
    """The hosts that a build of the past did not get built. Raises `UsageError` where that is none."""
    journal = await nixtui.journal()
    await tell_what_was_cut_off(nixtui)
    entry = await journal.entry(operation)
    if entry is None or not has_build(entry.plan):
        raise UsageError(f'no one build begins with "{operation}"; see: nixtui build --history')
    names = attempted(entry.report.targets) if entry.report else tuple(each.name for each in entry.plan.targets)
    if not names:
        raise UsageError(f"nothing failed in build {entry.operation}")
    return list(names)


def _record(nixtui: Assembly, entry: Entry) -> Path | None:
    path = folder_of(state_dir(nixtui.surroundings.environ), entry.operation) / STREAM
    return path if path.exists() else None
