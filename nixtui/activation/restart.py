"""Rebooting hosts in waves: the plan, and the job that carries it out."""

from collections.abc import Sequence

import msgspec

from nixtui.activation.reboot import reboot_into
from nixtui.activation.rollback import Settings
from nixtui.model.host import Host
from nixtui.operations.operation import Job, Prepared, Run
from nixtui.operations.plan import Plan, Step, Target, left_out
from nixtui.operations.report import Outcome, Report, TargetReport, overall
from nixtui.operations.rollout import roll_out, waves
from nixtui.remote.looking import Looked
from nixtui.remote.restart import Look, locked_by
from nixtui.remote.transport import Reach

KIND = "reboot"


def prepare_reboot(looked: Sequence[Looked[Look]], settings: Settings, reach: Reach, identity: str) -> Prepared:
    """What rebooting means on each of these hosts. Changes nothing and asks nobody."""
    targets = [_target(each) for each in looked]
    acting = [row.name for row in targets if row.refused is None]
    cut = waves(acting, settings.rollout)
    numbered = {name: number for number, wave in enumerate(cut, 1) for name in wave}
    targets = [msgspec.structs.replace(row, wave=numbered.get(row.name, 0)) for row in targets]
    plan = Plan(
        kind=KIND,
        title=f"Reboot {targets[0].name}" if len(targets) == 1 else f"Reboot {len(targets)} hosts",
        targets=tuple(targets),
        steps=_steps(len(cut), settings) if acting else (),
        warnings=_warnings(targets),
    )
    return Prepared(identity, plan, _job(plan, {each.host.name: each.host for each in looked}, settings, reach))


def _steps(count: int, settings: Settings) -> tuple[Step, ...]:
    first = Step(f"reboot, in {count} waves" if count > 1 else "reboot", ("systemctl reboot",))
    wait = f"wait for the new boot, {settings.reboot_timeout:g} s at most"
    verify = ("cat /proc/sys/kernel/random/boot_id", "readlink -f /run/current-system", "systemctl --failed")
    return first, Step(wait), Step("verify: another boot, the expected system, no newly failed unit", verify)


def _target(each: Looked[Look]) -> Target:
    row = Target(name=each.host.name, environment=each.host.environment)
    seen = each.found
    if seen is None:
        problem = each.problem or "not seen yet"
        return msgspec.structs.replace(row, refused=problem, refused_as=Outcome.UNREACHABLE, remedy=each.remedy)
    if seen.boots != seen.current:
        row = msgspec.structs.replace(row, before=_name(seen.current), after=_name(seen.boots))
    if seen.lock is not None:
        return msgspec.structs.replace(row, refused=f"locked by {locked_by(seen.lock)}", remedy="wait for it")
    if seen.boots is None:
        return msgspec.structs.replace(row, refused="what it would boot cannot be read")
    warnings = []
    if seen.boots != seen.current:
        warnings.append(f"it will come back on its boot default, not on what runs now: {_name(seen.boots)}")
    if seen.boot_default is None:
        warnings.append("the boot loader's files cannot be read without root; expected is what the profile says")
    facts = {"system": seen.boots, "boot_id": seen.boot_id or "", "failed": " ".join(seen.failed)}
    return msgspec.structs.replace(row, warnings=tuple(warnings), facts=facts)


def _name(path: str | None) -> str | None:
    """A system without its store directory and hash: what people tell it by."""
    return path.rpartition("/")[2].partition("-")[2] if path else None


def _warnings(targets: Sequence[Target]) -> tuple[str, ...]:
    acting = [row for row in targets if row.refused is None]
    found = ["a reboot is not guarded: what does not come up again needs its console"] if acting else []
    changing = [row.name for row in acting if row.after is not None]
    if changing and len(targets) > 1:
        found.append(f"these come back on another system than runs now: {', '.join(changing)}")
    return tuple(found)


def _job(plan: Plan, hosts: dict[str, Host], settings: Settings, reach: Reach) -> Job:
    rows = {row.name: row for row in plan.targets}

    async def reboot(name: str, run: Run) -> TargetReport:
        row, began = rows[name], run.clock()
        report = TargetReport(name=name, outcome=Outcome.UNKNOWN, before=row.before, after=row.after)
        done = await reboot_into(row.facts["system"], hosts[name], reach, run, report, limit=settings.reboot_timeout)
        return msgspec.structs.replace(done, seconds=round(run.clock() - began, 3))

    async def job(run: Run) -> Report:
        not_done = [left_out(row) for row in plan.targets if row.refused is not None]
        cut = waves([row.name for row in plan.acting_on], settings.rollout)
        done = await roll_out(cut, settings.rollout, lambda name: reboot(name, run), run)
        by_name = {report.name: report for report in not_done + done}
        reports = tuple(by_name[row.name] for row in plan.targets)
        outcome = overall(report.outcome for report in reports)
        return Report(operation=run.operation, outcome=outcome, targets=reports, interrupted=run.cancelling.is_set())

    return job
