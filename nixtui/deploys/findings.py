"""What one decides a deploy by, for one host, in lines: commits, packages, profiles, secrets, and what is copied."""

from collections.abc import Iterator, Sequence

from nixtui.deploys.preflight import Candidate, megabytes
from nixtui.model.commit import Commit, CommitRange
from nixtui.model.store_path import short_name

_MOST = 8
"""Packages, and commits, that are told by name."""


def findings(candidate: Candidate) -> list[str]:
    """What changes in it, what has to be copied, and whether there is room for that."""
    found: list[str] = []
    if candidate.commits is not None:
        found += _commits(candidate.commits)
    if candidate.change is not None:
        found.append(_change(candidate))
        found += [
            f"  {each.name}: {', '.join(each.before) or '–'} → {', '.join(each.after) or '–'}"
            for each in candidate.change.packages[:_MOST]
        ]
        if (more := len(candidate.change.packages) - _MOST) > 0:
            found.append(f"  and {more} more: nixtui diff")
    for name, custom in candidate.customs.items():
        was = short_name(custom.leads) if custom.leads else "nothing"
        found.append(f"profile {name} of {custom.said.owner}: {was} → {short_name(custom.path)}")
    if candidate.secrets is not None:
        found.append(candidate.secrets)
    if candidate.pull is not None:
        return [*found, f"it fetches {candidate.pull.reference} by itself; what that is, only it knows"]
    if candidate.landing is not None:
        sizes = candidate.sizes
        room = candidate.landing.store_bytes
        has = f"{megabytes(room)} free" if room is not None else "room not known"
        found.append(
            f"copy: {len(sizes)} paths, {megabytes(sum(sizes.values()))} ({has})"
            if sizes
            else "copy: nothing is missing"
        )
    return found


def _change(candidate: Candidate) -> str:
    change = candidate.change
    assert change is not None
    counts = ", ".join(f"{count} {kind.value}" for kind, count in change.counts.items() if count)
    grows = change.bytes_after - change.bytes_before
    sign = "+" if grows >= 0 else "−"
    return f"packages: {counts or 'none changes'}, {change.rebuilt} rebuilt; closure {sign}{megabytes(abs(grows))}"


def counted(commits: CommitRange, listed: Sequence[Commit]) -> str:
    """`2 commits, the newest "nginx: http3"`."""
    if len(listed) == 1:
        return f'1 commit, "{listed[0].subject}"'
    return f'{_number(commits, listed)} commits, the newest "{listed[0].subject}"'


def _number(commits: CommitRange, listed: Sequence[Commit]) -> str:
    """How many, with a plus where not all of them are listed, which can only be said of the longer side."""
    is_cut = commits.more and len(listed) == max(len(commits.added), len(commits.undone))
    return f"{len(listed)}+" if is_cut else f"{len(listed)}"


def _commits(commits: CommitRange) -> Iterator[str]:
    if commits.unknown is not None:
        yield f"commits: not known, {commits.unknown}"
        return
    dirty = ", with changes that are not committed" if commits.after in commits.dirty else ""
    if not commits.added and not commits.undone:
        yield f"commits: the same{dirty}"
        return
    yield f"commits: {_number(commits, commits.added)} added, {_number(commits, commits.undone)} undone{dirty}"
    for sign, listed in (("−", commits.undone), ("+", commits.added)):
        yield from (f"  {sign} {each.revision[:8]} {each.subject}" for each in listed[:_MOST])
        if len(listed) > _MOST:
            yield f"  {sign} and more, {_number(commits, listed)} in all: git log"
