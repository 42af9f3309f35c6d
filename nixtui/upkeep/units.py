"""Starting, stopping and restarting a unit: the plan, the job, and what systemd's words about it mean."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from shlex import join

import msgspec

from nixtui.model.host import Host
from nixtui.model.unit import UnitDetail
from nixtui.operations import plan as planning
from nixtui.operations.operation import Job, Prepared, Run
from nixtui.operations.plan import Plan, Step
from nixtui.operations.report import Outcome, Report, TargetReport
from nixtui.operations.rollout import Rules, waves
from nixtui.remote.errors import RemoteError
from nixtui.remote.looking import Looked
from nixtui.remote.transport import Reach
from nixtui.remote.upkeep import Order
from nixtui.upkeep.access import why_access_depends
from nixtui.upkeep.work import HostWork, Told, in_waves, unfinished

LIMIT_S = 120.0
"""How long systemd is waited for: its own limit for a start or a stop is 90 s (DefaultTimeoutStartSec=)."""

SETTLE_S = 5
"""How long a unit that was started is watched: a program that dies of its configuration does so within a second or two,
and with Restart= systemd calls it "activating" by then.
"""


class Verb(StrEnum):
    """What is done to a unit."""

    START = "start"
    STOP = "stop"
    RESTART = "restart"


@dataclass(frozen=True, slots=True)
class UnitChange:
    """What is asked for. `cut_access` allows to stop what our own way in depends on."""

    verb: Verb
    unit: str
    cut_access: bool = False


def plan_units(change: UnitChange, seen: Sequence[Looked[UnitDetail]], rules: Rules) -> Plan:
    """What it means on each of these hosts. Changes nothing."""
    rows = [_target(change, each) for each in seen]
    acting = [row.name for row in rows if row.refused is None]
    numbered = {name: number for number, wave in enumerate(waves(acting, rules), 1) for name in wave}
    rows = [msgspec.structs.replace(row, wave=numbered.get(row.name, 0)) for row in rows]
    whom = rows[0].name if len(rows) == 1 else f"{len(rows)} hosts"
    return Plan(
        kind="unit",
        title=f"{change.verb.value.capitalize()} {change.unit} on {whom}",
        targets=tuple(rows),
        steps=_steps(change) if acting else (),
        warnings=_warnings(change) if acting else (),
    )


def prepare_units(
    change: UnitChange,
    seen: Sequence[Looked[UnitDetail]],
    rules: Rules,
    *,
    reach: Reach,
    operation: str,
    operator: str,
    settle: int = SETTLE_S,
) -> Prepared:
    """The plan with its work."""
    plan = plan_units(change, seen, rules)
    hosts = {each.host.name: each.host for each in seen}

    async def job(run: Run) -> Report:
        async def act(name: str) -> TargetReport:
            before = next(row.before for row in plan.targets if row.name == name)
            return await _act(change, hosts[name], before, reach, run, operator, settle)

        return await in_waves(run, plan, rules, act)

    work: Job = job
    return Prepared(operation, plan, work)


# ---- the plan ----


def _target(change: UnitChange, seen: Looked[UnitDetail]) -> planning.Target:
    host, found = seen.host, seen.found
    row = planning.Target(name=host.name, environment=host.environment)
    if found is None:
        problem = seen.problem or "not seen yet"
        return msgspec.structs.replace(row, refused=problem, refused_as=Outcome.UNREACHABLE, remedy=seen.remedy)
    unit = found.unit
    row = msgspec.structs.replace(row, before=_state(unit.active, unit.sub) if found.exists else None)
    if reason := _why_not(change, found):
        return msgspec.structs.replace(row, refused=reason)
    if change.verb is Verb.START and unit.active == "active":
        return msgspec.structs.replace(row, refused="it is active already", refused_as=Outcome.UNCHANGED)
    if change.verb is Verb.STOP and unit.active in ("inactive", "failed") and not unit.is_failed:
        return msgspec.structs.replace(row, refused="it is stopped already", refused_as=Outcome.UNCHANGED)
    after = "stopped" if change.verb is Verb.STOP else "active"
    return msgspec.structs.replace(row, after=after, warnings=_host_warnings(change, found))


def _why_not(change: UnitChange, found: UnitDetail) -> str | None:
    if found.unit.load == "masked":
        return f"{change.unit} is masked"
    if not found.exists:
        return f"the host has no {change.unit}"
    if change.verb is not Verb.STOP and not found.can_start:
        return "systemd does not let it be started by hand"
    if change.verb is not Verb.START and not found.can_stop:
        return "systemd does not let it be stopped by hand"
    if change.verb is Verb.STOP and not change.cut_access and (why := why_access_depends(change.unit)):
        return f"{why}: stopping it may lock everybody out (nixtui unit stop has --cut-access for it)"
    return None


def _host_warnings(change: UnitChange, found: UnitDetail) -> tuple[str, ...]:
    warnings: list[str] = []
    if change.verb is not Verb.START and found.stops_with:
        word = "stop" if change.verb is Verb.STOP else "restart"
        warnings.append(f"these {word} with it: {', '.join(found.stops_with)}")
    if change.verb is Verb.STOP and found.started_by:
        warnings.append(f"{', '.join(found.started_by)} may start it again")
    if change.verb is Verb.STOP and found.enabled in ("enabled", "linked"):
        warnings.append("it comes back at the next boot or switch: NixOS wants it")
    return tuple(warnings)


def _warnings(change: UnitChange) -> tuple[str, ...]:
    why = why_access_depends(change.unit)
    if why is None or change.verb is Verb.START:
        return ()
    if change.verb is Verb.STOP:
        return (f"{why.upper()}. You may be locked out, and nothing brings it back: have a console at hand",)
    return (f"{why}: if it does not come back, nobody logs in; have a console at hand. The work goes on without us",)


def _steps(change: UnitChange) -> tuple[Step, ...]:
    unit = join([change.unit])
    first = "lock the host, and note which units fail already"
    act = {
        Verb.START: "start it",
        Verb.STOP: "stop it",
        Verb.RESTART: "restart it",
    }[change.verb]
    watched = "" if change.verb is Verb.STOP else f", for {SETTLE_S} s"
    verify = f"see what became of it{watched}: its state, and no unit fails that did not fail before"
    steps = [
        Step(first, ("systemctl list-units --state=failed,auto-restart",)),
        Step(f"{act}, within {LIMIT_S:g} s", (f"systemctl {change.verb.value} -- {unit}",)),
        Step(verify, (f"systemctl show --property=ActiveState,SubState,Result,NRestarts -- {unit}",)),
    ]
    if why_access_depends(change.unit):
        steps.append(Step("log in over a new connection"))
    return tuple(steps)


# ---- the work ----


async def _act(
    change: UnitChange, host: Host, before: str | None, reach: Reach, run: Run, operator: str, settle: int
) -> TargetReport:
    started_at = run.clock()
    work = ("unit", change.verb.value, change.unit, str(round(LIMIT_S)), str(settle))
    order = Order(operation=run.operation, operator=operator, work=work, limit=LIMIT_S + settle + 60)
    worker = HostWork(host, order, reach, run)
    told = await worker.work()
    blank = TargetReport(name=host.name, outcome=Outcome.UNKNOWN, before=before)
    report = unfinished(told, blank, unit=f"nixtui-upkeep-{run.operation}", now=run.clock())
    if report is None:
        report = judge_unit(change, told, blank)
        if report.outcome.is_success and why_access_depends(change.unit):
            report = await _log_in_anew(host, reach, worker, report)
    worker.tell.end(report.outcome.is_success, report.detail)
    return msgspec.structs.replace(report, seconds=round(run.clock() - started_at, 3))


def judge_unit(change: UnitChange, told: Told, blank: TargetReport) -> TargetReport:
    """What became of the unit, by what systemd says of it afterwards and nothing else."""
    state = _properties(told.last("after"))
    begun, after = told.last("before") is not None, _state(state.get("ActiveState"), state.get("SubState"))
    code = told.number("exit")
    look = f"look at it: systemctl status {change.unit}; journalctl -u {change.unit}"

    def report(outcome: Outcome, detail: str, remedy: str | None = None) -> TargetReport:
        log = () if outcome.is_success else tuple(told.facts.get("said", ())) or told.log
        return TargetReport(
            name=blank.name,
            outcome=outcome,
            before=blank.before,
            after=after,
            exit_code=code,
            detail=detail,
            remedy=remedy,
            log=log,
        )

    if told.cancelled and not state:
        return report(Outcome.UNKNOWN, "cancelled; systemd goes on with what it had begun", look)
    if not state:
        what = "it was ended in the middle" if begun else "nothing was done"
        return report(Outcome.UNKNOWN if begun else Outcome.FAILED, f"upkeep came to no end: {what}", look)
    others = [unit for unit in told.facts.get("newly_failed", ()) if unit != change.unit]
    if trouble := _trouble(change, state, code):
        return report(Outcome.FAILED, trouble, _remedy(change, code))
    if others:
        names = ", ".join(others[:5])
        return report(Outcome.FAILED, f"it is {after}, but now others fail: {names}", "look at them with nixtui units")
    if change.verb is Verb.STOP:
        return report(Outcome.COMMITTED, "stopped; no other unit failed of it")
    return report(Outcome.COMMITTED, f"{after}; no unit fails that did not fail before")


def _trouble(change: UnitChange, state: dict[str, str], code: int | None) -> str | None:
    """Why the unit is not as it was wanted; `None` when it is."""
    active, sub, result = state.get("ActiveState"), state.get("SubState"), state.get("Result")
    if code == 124:  # timeout(1)
        return f"systemd was not done after {LIMIT_S:g} s and goes on; it is {_state(active, sub)}"
    if change.verb is Verb.STOP:
        if active in ("inactive", "failed"):
            return None
        return f"it is {_state(active, sub)} after the stop"
    if active == "failed":
        return f"it failed after the {change.verb.value}: {result}"
    if sub == "auto-restart":
        return f"it died after the {change.verb.value} ({result}), and systemd keeps starting it again"
    if active in ("active", "reloading"):
        return None
    if active == "inactive" and result == "success" and code == 0:
        return None  # one that does its work and ends
    return f"it is {_state(active, sub)} after the {change.verb.value}" + (f" (exit {code})" if code else "")


def _remedy(change: UnitChange, code: int | None) -> str:
    if code == 124:
        return f"wait, or see what it does: systemctl list-jobs; journalctl -u {change.unit}"
    if change.verb is Verb.STOP:
        return f"see what holds it: systemctl status {change.unit}"
    return "its last lines are below; nixtui rollback takes the host to the generation before, if that ran it well"


async def _log_in_anew(host: Host, reach: Reach, worker: HostWork, report: TargetReport) -> TargetReport:
    """A unit that is active is not yet a way in."""
    worker.tell.begin("logging in anew")
    try:
        async with reach(host) as transport, transport.fresh():
            worker.tell.end(True)
            return report
    except RemoteError as error:
        worker.tell.end(False, error.reason)
        detail = f"{report.detail}; but a new login fails: {error.reason}"
        remedy = "get in by the console (serial console, Session Manager) and look at it"
        return msgspec.structs.replace(report, outcome=Outcome.FAILED, detail=detail, remedy=remedy)


def _properties(text: str | None) -> dict[str, str]:
    return dict(word.split("=", 1) for word in (text or "").split() if "=" in word)


def _state(active: str | None, sub: str | None) -> str:
    if active is None:
        return "unknown"
    return active if sub is None or sub == active else f"{active} ({sub})"
