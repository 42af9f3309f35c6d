"""Keeping the Nix store in order: collecting garbage, optimising, verifying. The plans, the jobs, the verdicts."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from shlex import join

import msgspec

from nixtui.model.host import Host
from nixtui.model.store import Garbage, Keeping, Store
from nixtui.operations import plan as planning
from nixtui.operations.operation import Prepared, Run
from nixtui.operations.plan import Plan, Step
from nixtui.operations.report import Outcome, Report, TargetReport
from nixtui.operations.rollout import Rules, waves
from nixtui.remote.looking import Looked
from nixtui.remote.transport import Reach
from nixtui.remote.upkeep import Order
from nixtui.upkeep.work import HostWork, Told, in_waves, unfinished

PROFILE = "/nix/var/nix/profiles/system"

LIMIT_S = 6 * 3600.0
"""A store of 500 GiB on slow disks is verified in some hours."""


@dataclass(frozen=True, slots=True)
class Prospect:
    """A host's store before anything is done: what would stay and go, and what that frees, or why nobody knows."""

    store: Store
    keeping: Keeping | None = None
    garbage: Garbage | None = None
    unweighed: str | None = None


@dataclass(frozen=True, slots=True)
class StoreWork:
    """What is asked for: `gc`, `optimise` or `verify`. `repair` belongs to the last."""

    kind: str
    repair: bool = False


Seen = Sequence[Looked[Prospect]]


def plan_store(work: StoreWork, seen: Seen, rules: Rules) -> Plan:
    """What it means on each of these hosts. Changes nothing."""
    rows = [_target(work, each) for each in seen]
    acting = [row.name for row in rows if row.refused is None]
    numbered = {name: number for number, wave in enumerate(waves(acting, rules), 1) for name in wave}
    rows = [msgspec.structs.replace(row, wave=numbered.get(row.name, 0)) for row in rows]
    whom = rows[0].name if len(rows) == 1 else f"{len(rows)} hosts"
    goes = {each.host.name: each.found.keeping.going for each in seen if each.found and each.found.keeping}
    return Plan(
        kind=f"store-{work.kind}",
        title=f"{_TITLES[work.kind]} of {whom}",
        targets=tuple(rows),
        steps=_steps(work, {name: goes.get(name, ()) for name in acting}) if acting else (),
        warnings=_warnings(work) if acting else (),
        irreversible=_irreversible(work, {name: goes.get(name, ()) for name in acting}),
    )


def prepare_store(
    work: StoreWork, seen: Seen, rules: Rules, *, reach: Reach, operation: str, operator: str
) -> Prepared:
    """The plan with its work."""
    plan = plan_store(work, seen, rules)
    hosts = {each.host.name: each for each in seen}

    async def job(run: Run) -> Report:
        async def act(name: str) -> TargetReport:
            row = next(row for row in plan.targets if row.name == name)
            return await _act(work, hosts[name], row.before, reach, run, operator)

        return await in_waves(run, plan, rules, act)

    return Prepared(operation, plan, job)


# ---- the plan ----

_TITLES = {"gc": "Collect the garbage", "optimise": "Optimise the store", "verify": "Verify the store"}


def _target(work: StoreWork, seen: Looked[Prospect]) -> planning.Target:
    host, found = seen.host, seen.found
    row = planning.Target(name=host.name, environment=host.environment)
    if found is None:
        problem = seen.problem or "not seen yet"
        return msgspec.structs.replace(row, refused=problem, refused_as=Outcome.UNREACHABLE, remedy=seen.remedy)
    fraction = found.store.used_fraction
    row = msgspec.structs.replace(row, before=None if fraction is None else f"disk {fraction:.0%}")
    if work.kind != "gc":
        return msgspec.structs.replace(row, after=_AFTER[work.kind], warnings=_room(found.store, work))
    going = found.keeping.going if found.keeping else ()
    if found.garbage is not None and not going and found.garbage.paths == 0:
        return msgspec.structs.replace(
            row, refused="there is no garbage, and no generation that may go", refused_as=Outcome.UNCHANGED
        )
    after = "frees ?" if found.garbage is None else f"frees {shown_size(found.garbage.bytes)}"
    return msgspec.structs.replace(row, after=after, warnings=_gc_warnings(found))


_AFTER = {"optimise": "shared", "verify": "verified"}


def _gc_warnings(found: Prospect) -> tuple[str, ...]:
    """What it frees first, then what goes and what stays."""
    warnings = []
    if found.garbage is not None:
        counted = f"frees about {shown_size(found.garbage.bytes)} in {found.garbage.paths} paths"
        already = f", {shown_size(found.garbage.dead_bytes)} of it garbage already" if found.garbage.going_bytes else ""
        warnings.append(counted + already)
    else:
        warnings.append(f"what it frees is not known: {found.unweighed or 'nobody asked'}")
    if found.keeping is not None and found.keeping.going:
        warnings.append(f"generations that go: {ranges(found.keeping.going)}")
        stays = ", ".join(f"{number} ({why})" for number, why in found.keeping.kept[:6])
        more = len(found.keeping.kept) - 6
        warnings.append(f"generations that stay: {stays}" + (f" and {more} more" if more > 0 else ""))
    elif found.keeping is not None:
        warnings.append("no generation goes: only what is garbage already")
    return tuple(warnings)


def _room(store: Store, work: StoreWork) -> tuple[str, ...]:
    if work.kind == "optimise" and store.auto_optimise:
        return ("the host optimises by itself (auto-optimise-store): there will be little to share",)
    return ()


def _warnings(work: StoreWork) -> tuple[str, ...]:
    match work.kind:
        case "gc":
            return ("other profiles than the system's are left alone",)
        case "optimise":
            return ("reads every file of the store once: the disk will be busy",)
        case _:
            reads = "reads every file of the store: the disk will be busy, for minutes to hours"
            fetches = "broken paths are fetched again from the host's substituters, or rebuilt"
            return (reads, fetches) if work.repair else (reads,)


def _irreversible(work: StoreWork, going: dict[str, Sequence[int]]) -> tuple[str, ...]:
    if work.kind == "gc" and any(going.values()):
        return ("deleted generations are gone; going back to one means deploying it again",)
    return ()


def _steps(work: StoreWork, going: dict[str, Sequence[int]]) -> tuple[Step, ...]:
    if work.kind == "optimise":
        return (Step("replace equal files by hard links", ("nix-store --optimise",)),)
    if work.kind == "verify":
        options = ["--verify", "--check-contents", *(["--repair"] if work.repair else [])]
        title = "compare every path with its hash" + (", and repair what differs" if work.repair else "")
        return (Step(title, (join(["nix-store", *options]),)),)
    prefix = len(going) > 1
    delete = tuple(
        (f"{name}: " if prefix else "")
        + join(["nix-env", "--profile", PROFILE, "--delete-generations", *map(str, numbers)])
        for name, numbers in going.items()
        if numbers
    )
    steps = [Step("collect what nothing needs any more", ("nix-collect-garbage",))]
    if delete:
        menu = (f"{PROFILE}/bin/switch-to-configuration boot",)
        steps[:0] = [
            Step("delete generations, each looked at once more: none that runs, was booted, or boots next", delete),
            Step("write the boot menu without them; if that fails, nothing is collected", menu),
        ]
    return tuple(steps)


# ---- the work ----


async def _act(
    work: StoreWork, seen: Looked[Prospect], before: str | None, reach: Reach, run: Run, operator: str
) -> TargetReport:
    started_at = run.clock()
    host: Host = seen.host
    going = seen.found.keeping.going if seen.found and seen.found.keeping else ()
    words = {
        "gc": ("gc", *map(str, going)),
        "optimise": ("optimise",),
        "verify": ("verify", *(["--repair"] if work.repair else [])),
    }[work.kind]
    order = Order(operation=run.operation, operator=operator, work=words, limit=LIMIT_S)
    worker = HostWork(host, order, reach, run)
    told = await worker.work()
    blank = TargetReport(name=host.name, outcome=Outcome.UNKNOWN, before=before)
    report = unfinished(told, blank, unit=f"nixtui-upkeep-{run.operation}", now=run.clock())
    report = report or judge_store(work, told, blank)
    worker.tell.end(report.outcome.is_success, report.detail)
    return msgspec.structs.replace(report, seconds=round(run.clock() - started_at, 3))


def judge_store(work: StoreWork, told: Told, blank: TargetReport) -> TargetReport:
    """What was done, by the exit status and by what df says afterwards."""
    code = told.number("exit") if told.number("exit") is not None else getattr(told.end, "code", None)
    freed = _freed(told)
    judged = _cancelled(work, told) if told.cancelled else _JUDGES[work.kind](told, freed)
    outcome, detail, remedy = judged
    return TargetReport(
        name=blank.name,
        outcome=outcome,
        before=blank.before,
        after=None if freed is None else f"freed {shown_size(freed)}",
        exit_code=code,
        detail=detail,
        remedy=remedy,
        log=() if outcome.is_success else told.log,
    )


Judged = tuple[Outcome, str, str | None]


def _cancelled(work: StoreWork, told: Told) -> Judged:
    done = f"; generations {', '.join(each)} are deleted" if (each := told.facts.get("deleted")) else ""
    half = {
        "gc": "what was collected by then is gone, the rest is as it was",
        "optimise": "what was shared by then stays shared",
        "verify": "what was read by then was well unless the output says otherwise",
    }[work.kind]
    return Outcome.FAILED, f"cancelled by the operator: {half}{done}", "start it again to finish it"


def _judge_gc(told: Told, freed: int | None) -> Judged:
    deleted = told.last("deleted")
    gone = f"; generations {ranges(_numbers(deleted))} deleted" if deleted else ""
    if (protected := told.last("protected")) is not None:
        number, _, why = protected.partition(" ")
        return (
            Outcome.REFUSED,
            f"generation {number} must stay: {why}; nothing was done",
            "look again, then decide again",
        )
    if told.last("menu_failed") is not None:
        rest = "the boot menu could not be written, so nothing was collected and its old entries still boot"
        return Outcome.FAILED, f"{rest}{gone}", f"free room on /boot, then: {PROFILE}/bin/switch-to-configuration boot"
    if getattr(told.end, "code", None) != 0:
        return Outcome.FAILED, f"the collection did not come to its end{gone}", "its last lines say why; start it again"
    paths = f"{told.number('progress') or 0} paths deleted"
    room = "" if freed is None else f", {shown_size(freed)} freed"
    return Outcome.COMMITTED, f"{paths}{room}{gone}", None


def _judge_optimise(told: Told, freed: int | None) -> Judged:
    if getattr(told.end, "code", None) != 0:
        return Outcome.FAILED, "it did not come to its end; what was shared by then stays shared", "start it again"
    return Outcome.COMMITTED, "equal files are shared" + ("" if freed is None else f", {shown_size(freed)} freed"), None


def _judge_verify(told: Told, freed: int | None) -> Judged:  # noqa: ARG001 - as its neighbours
    broken = told.facts.get("broken", ())
    if getattr(told.end, "code", None) == 0:
        paths = told.number("progress")
        said = f"{paths} paths read, " if paths else ""
        repaired = f"{len(broken)} repaired" if broken else "every one is what it should be"
        return Outcome.COMMITTED, said + repaired, None
    if broken:
        remedy = "run it with --repair, or restore them from another host: nix copy --to ssh://HOST PATH"
        return Outcome.FAILED, f"{len(broken)} broken: {'; '.join(broken[:2])}", remedy
    return Outcome.FAILED, "it did not come to its end", "its last lines say why"


_JUDGES = {"gc": _judge_gc, "optimise": _judge_optimise, "verify": _judge_verify}


_FREED = re.compile(r"([0-9.]{1,20}) ([KMGT]iB) freed")
"""The last line of a collection and of an optimisation: `179 store paths deleted, 3.94 MiB freed` (Nix 2.3 to 2.34)."""

_UNIT_BYTES = {"KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}


def _freed(told: Told) -> int | None:
    """By Nix's own words, else by what df says; others write to that disk as well."""
    for line in reversed(told.log):
        if (match := _FREED.search(line)) and match[1].replace(".", "", 1).isdecimal():
            return int(float(match[1]) * _UNIT_BYTES[match[2]])
    before, after = told.number("free_before"), told.number("free_after")
    return None if before is None or after is None else max(0, after - before) * 1024


def _numbers(text: str) -> list[int]:
    return [int(word) for word in text.split() if word.isascii() and word.isdecimal()]


def ranges(numbers: Sequence[int]) -> str:
    """`101–107, 109`."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(str(first) if first == last else f"{first}–{last}" for first, last in runs)


def shown_size(count: float) -> str:
    """Bytes as people read them in a plan: `4.2 GiB`."""
    value = float(count)
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if value < 1000 or unit == "TiB":
            return f"{value:.0f} {unit}" if unit == "B" or value >= 100 else f"{value:.1f} {unit}"
        value /= 1024
    raise AssertionError("unreachable")
