"""What a rollback would do, as it is found out: first from memory, then the plan, then the diff and the preview."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import msgspec

from nixtui.model.closure import ClosureDiff
from nixtui.model.commit import CommitRange
from nixtui.model.generation import Generation, Generations
from nixtui.model.preview import Preview
from nixtui.model.status import HostStatus
from nixtui.operations.plan import Target
from nixtui.tui import units
from nixtui.tui.comparison import commits_sentence
from nixtui.tui.draft import Draft, waiting, warnings
from nixtui.tui.paint import EMPTY, UNKNOWN, Line, Role, Span, clean, fit, line, wrap
from nixtui.tui.systems import diff_lines, diff_sentence, preview_lines, version_of

_LABEL = 11


@dataclass(slots=True, kw_only=True)
class Proposal(Draft):
    """Everything known about one rollback. What is `None` is not known yet, and the `_problem` beside it says why it
    never will be. `own` are targets of single hosts; the others go to `target`, as far as `action` says.
    """

    target: str
    own: Mapping[str, str] = field(default_factory=dict)
    action: str = "switch"
    generations: Generations | None = None
    diff: ClosureDiff | None = None
    diff_problem: str | None = None
    commits: CommitRange | None = None
    commits_problem: str | None = None
    preview: Preview | None = None
    preview_problem: str | None = None
    closer: dict[str, "Proposal"] = field(default_factory=dict)
    """Hosts of many that were looked at more closely, each as a proposal of its own."""
    cursor: str | None = None
    """The host of many that is looked at."""

    def alone(self, target: Target) -> "Proposal":
        """The same for one of its hosts."""
        plan = msgspec.structs.replace(self.plan, targets=(target,)) if self.plan else None
        return Proposal(
            names=(target.name,),
            environments=self.environments,
            seen=self.seen,
            asked_at=self.asked_at,
            plan=plan,
            target=self.own.get(target.name, self.target),
            action=self.action,
        )

    @property
    def systems(self) -> tuple[str, str] | None:
        """The store paths of the one target, now and then."""
        facts = self.only.facts if self.only else {}
        return (facts["previous"], facts["new"]) if "previous" in facts and "new" in facts else None


VERBS = {"switch": "Roll back", "test": "Test", "boot": "Set boot", "reboot": "Reboot into it"}
"""What the choice is called that starts it, by action."""

_TITLES = {
    "switch": "Roll back {}",
    "test": "Test on {} until the next reboot",
    "boot": "Boot {} into it next time",
    "reboot": "Roll back {} with a reboot",
}


def title(proposal: Proposal) -> str:
    """`Roll back web-12`, `Roll back 12 hosts`."""
    names = proposal.names
    return _TITLES[proposal.action].format(clean(names[0]) if len(names) == 1 else f"{len(names)} hosts")


def for_others(proposal: Proposal) -> str:
    """The target as it means the same on other hosts: a number is another generation there."""
    target = proposal.target
    known = proposal.generations
    generation = known.with_number(int(target)) if known is not None and target.isdecimal() else None
    revision = generation.configuration_revision if generation is not None else None
    return f"rev:{revision}" if revision is not None else target


def lines(proposal: Proposal, cells: int, now: float) -> list[Line]:
    """The text of the dialog."""
    if "packages" in proposal.shown and proposal.diff:
        return diff_lines(proposal.diff, cells)
    found = list(_one_host(proposal, cells, now) if len(proposal.names) == 1 else _many_hosts(proposal, cells, now))
    return [*found, *warnings(proposal, cells), *_reassurance(proposal, cells)]


def _labelled(label: str, *value: str | Span | tuple[str, Role]) -> Line:
    return line((label.ljust(_LABEL), Role.MUTED), *value)


def _one_host(proposal: Proposal, cells: int, now: float) -> Iterator[Line]:
    status = proposal.seen[proposal.names[0]]
    before, after = _generations(proposal)
    yield fit(_headline(proposal, status, now, after), cells)
    yield fit(
        _between("revision", _revision(before) or _short(status.facts.configuration_revision), _revision(after)), cells
    )
    if proposal.commits is not None:
        yield fit(_labelled("commits", *commits_sentence(proposal.commits, cells - _LABEL)), cells)
    yield fit(_between("NixOS", _version(before) or status.facts.nixos_version, _version(after)), cells)
    if before is not None and after is not None and before.kernel != after.kernel:
        yield fit(_between("kernel", before.kernel, after.kernel), cells)
    yield EMPTY
    if proposal.plan is None:
        yield from waiting(
            proposal.plan_problem, f"asking {proposal.names[0]} for its generations", proposal, now, cells
        )
        return
    if proposal.only and proposal.only.refused is not None:
        yield from wrap(f"✖ {proposal.only.refused}", cells, Role.WARN)
        yield from wrap(f"→ {proposal.only.remedy}", cells, Role.ACCENT) if proposal.only.remedy else ()
        return
    if proposal.diff is not None:
        yield from diff_sentence(proposal.diff, cells)
    else:
        yield from waiting(proposal.diff_problem, "comparing the two systems", proposal, now, cells)
    yield EMPTY
    if proposal.action == "boot":
        yield line(("what runs stays as it is until the next reboot", Role.MUTED))
    elif proposal.preview is not None:
        yield from preview_lines(proposal.preview, cells)
    else:
        yield from waiting(proposal.preview_problem, "asking the host what would restart", proposal, now, cells)


def _generations(proposal: Proposal) -> tuple[Generation | None, Generation | None]:
    known, only = proposal.generations, proposal.only
    if known is None:
        return None, None
    after = only.after if only else proposal.target
    return known.running, known.with_number(int(after)) if after and after.isdecimal() else None


def _headline(proposal: Proposal, status: HostStatus, now: float, after: Generation | None) -> Line:
    only, facts = proposal.only, status.facts
    old = (only.before if only else None) or (str(facts.generation) if facts.generation is not None else UNKNOWN)
    new = (only.after if only else None) or proposal.target
    said = []
    if facts.switched_at is not None:
        said.append(f"{_place(old)} has run for {units.span(now - facts.switched_at)}")
    if after is not None and after.created_at is not None:
        said.append(f"{_place(new)} was made {units.span(now - after.created_at)} ago")
    return line((f"{_place(old)} → {_place(new)}", Role.STRONG), ("    " + ", ".join(said), Role.MUTED))


def _place(label: str) -> str:
    return clean(label if not label.startswith("/nix/store/") else label[44:])


def _between(label: str, before: str | None, after: str | None) -> Line:
    old, new = clean(before or UNKNOWN), clean(after or "…")
    if old == new:
        return _labelled(label, old, ("  the same", Role.MUTED))
    return _labelled(label, (old, Role.MUTED), (" → ", Role.FAINT), new)


def _revision(generation: Generation | None) -> str | None:
    return _short(generation.configuration_revision) if generation else None


def _short(revision: str | None) -> str | None:
    return revision[:8] if revision else None


def _version(generation: Generation | None) -> str | None:
    return version_of(generation) if generation else None


def _many_hosts(proposal: Proposal, cells: int, now: float) -> Iterator[Line]:
    if proposal.plan is None:
        asking = f"asking {len(proposal.names)} hosts for their generations"
        yield from waiting(proposal.plan_problem, asking, proposal, now, cells)
        return
    acting = proposal.plan.acting_on
    count = max((target.wave for target in acting), default=0)
    left_out = len(proposal.plan.targets) - len(acting)
    spans = [
        Span("1 host" if len(acting) == 1 else f"{len(acting)} hosts", Role.STRONG),
        Span(f" in {count} {'wave' if count == 1 else 'waves'}", Role.MUTED),
    ]
    if left_out:
        spans += [Span("  ·  ", Role.FAINT), Span(f"{left_out} left out", Role.WARN)]
    yield tuple(spans)
    looked_at = proposal.closer.get(proposal.cursor or "")
    if looked_at is not None and looked_at.only is not None and looked_at.only.refused is None:
        yield EMPTY
        yield from _one_of_many(looked_at, looked_at.only, cells, now)


def _one_of_many(proposal: Proposal, target: Target, cells: int, now: float) -> Iterator[Line]:
    """What changes on the host under the cursor, in few lines: the table is what one came for."""
    yield line(
        (clean(target.name), Role.STRONG), f"  {_place(target.before or UNKNOWN)} → {_place(target.after or '')}"
    )
    if proposal.commits is not None:
        yield fit(_labelled("commits", *commits_sentence(proposal.commits, cells - _LABEL)), cells)
    if proposal.diff is None:
        yield from waiting(proposal.diff_problem, "comparing the two systems", proposal, now, cells)
    else:
        yield next(diff_sentence(proposal.diff, cells))
    if proposal.preview is not None:
        yield from preview_lines(proposal.preview, cells)
    elif proposal.action != "boot":
        yield from waiting(proposal.preview_problem, "asking the host what would restart", proposal, now, cells)


def _reassurance(proposal: Proposal, cells: int) -> Iterator[Line]:
    if proposal.plan is not None and proposal.plan.acting_on:
        after = proposal.plan.acting_on[0].facts.get("revert_after")
        silent = f", {after} s after the last sign of life from here" if after else ""
        yield from wrap(_REASSURANCES[proposal.action].format(silent), cells, Role.MUTED)


_GUARDED = "until then a host goes back by itself{}."
_REASSURANCES = {
    "switch": "Nothing has to be copied. Nothing that outlasts a reboot changes before the old generation has proved "
    f"itself; {_GUARDED}",
    "test": f"Nothing has to be copied. The guard watches until it has proved itself; {_GUARDED} Profile and boot "
    "entry stay as they are, so the next reboot ends the test.",
    "boot": "Nothing has to be copied. Only profile and boot entry change; a host that does not come up with it is not "
    "brought back by itself.",
    "reboot": "Nothing has to be copied. A reboot is not guarded: a host that does not come up is not brought back.",
}
