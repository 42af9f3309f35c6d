"""What undoing the last operation on a host means: by the journal, as long as its last word is true, or the profile."""

from collections.abc import Sequence

from nixtui.activation.rollback import Seen
from nixtui.model.generation import Generations
from nixtui.model.target import NoSuchGeneration, Previous, WayBack, resolve
from nixtui.operations.journal import Entry
from nixtui.operations.report import Outcome

_DONE = (Outcome.COMMITTED, Outcome.TESTED)
_MOVES = ("rollback", "deploy")


def way_back(seen: Seen, entries: Sequence[Entry], now: float) -> WayBack:
    """Where a host was before the last operation of these (newest first) that took it to what it runs.

    Where the journal does not know how the host came to that (somebody used other tools), it is the generation before.
    Raises `NoSuchGeneration` when there is none, or the host could not be asked.
    """
    known = seen.generations
    if known is None:
        raise NoSuchGeneration(seen.problem or "the host has not told its generations")
    for entry in entries:
        if entry.kind in _MOVES and (found := _before(entry, seen.host.name, known, now)) is not None:
            return found
        if entry.kind in _MOVES and _moved(entry, seen.host.name):
            break  # it went elsewhere since: the journal's last word is not true any more
    there = resolve(Previous(), known)
    return WayBack(there.label, "the generation before what runs: the journal does not know how it came to that")


def _moved(entry: Entry, name: str) -> bool:
    targets = entry.report.targets if entry.report is not None else ()
    return any(each.name == name and each.outcome in _DONE for each in targets)


def _before(entry: Entry, name: str, known: Generations, now: float) -> WayBack | None:
    """Where the host was before this operation, when that is what brought it where it is."""
    if not _moved(entry, name):
        return None
    row = next((each for each in entry.plan.targets if each.name == name), None)
    if row is None:
        return None
    running = known.running
    is_it = row.facts.get("new") == known.current_system
    if "new" not in row.facts:
        is_it = running is not None and row.after == str(running.number)
    if not is_it:
        return None
    path = row.facts.get("previous")
    generation = next((each for each in known.items if path is not None and path in (each.path, each.system)), None)
    if generation is None and path is None and row.before is not None and row.before.isdecimal():
        generation = known.with_number(int(row.before))
    if generation is None and path is None:
        return None
    target = str(generation.number) if generation is not None else f"path:{path}"
    ago = _ago(now - entry.started_at)
    return WayBack(target, f"what ran before {entry.kind} {entry.operation} by {entry.operator}, {ago}")


def _ago(seconds: float) -> str:
    minutes = max(0.0, seconds) / 60
    if minutes < 120:
        return f"{minutes:.0f} min ago"
    return f"{minutes / 60:.0f} h ago" if minutes < 2880 else f"{minutes / 1440:.0f} days ago"
