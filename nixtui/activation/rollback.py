"""Rolling hosts back (or forward) to a generation they have: the plan, and the job that carries it out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from shlex import join, quote

import msgspec

from nixtui.activation.guarded import GuardedHost, HealthCheck
from nixtui.activation.reboot import reboot_into
from nixtui.activation.verdict import held_by
from nixtui.model.generation import Generation, Generations
from nixtui.model.host import Host
from nixtui.model.machine import Machine
from nixtui.model.target import NoSuchGeneration, Resolved, Target, resolve
from nixtui.operations import plan as planning
from nixtui.operations.operation import Job, Run
from nixtui.operations.plan import Plan, Step, left_out
from nixtui.operations.report import Outcome, Report, TargetReport, overall
from nixtui.operations.rollout import Rules, roll_out, waves
from nixtui.remote.guard import Order
from nixtui.remote.transport import Reach

PROFILE = "/nix/var/nix/profiles/system"


class Action(StrEnum):
    """How far to go: live under the guard and to stay, live until the next boot, from the next boot on, or by rebooting
    now.
    """

    SWITCH = "switch"
    TEST = "test"
    BOOT = "boot"
    REBOOT = "reboot"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What the configuration says about activations. Times are seconds."""

    revert_after: float = 90.0
    activation_timeout: float = 600.0
    reboot_timeout: float = 600.0
    health: tuple[HealthCheck, ...] = ()
    rollout: Rules = Rules()


@dataclass(frozen=True, slots=True)
class Seen:
    """A host as it was just asked: its generations, or in `problem` why it could not be asked (and `remedy`).

    `machine` is what EC2 knows of it, where that was asked.
    """

    host: Host
    generations: Generations | None
    problem: str | None = None
    remedy: str | None = None
    machine: Machine | None = None


@dataclass(frozen=True, slots=True)
class Rollback:
    """A plan with what is needed to carry it out. `orders` are by host name, for the hosts that will be acted on."""

    operation: str
    plan: Plan
    action: Action
    hosts: dict[str, Host]
    orders: dict[str, Order]
    settings: Settings


def plan_rollback(
    seen: Sequence[Seen],
    target: Target | Mapping[str, Target],
    settings: Settings,
    *,
    action: Action,
    operation: str,
    operator: str,
) -> Rollback:
    """What going to `target` means on each of these hosts, or to a target of its own for each, by name. Changes nothing
    and asks nobody.

    A host that cannot go there is in the plan with the reason and left out of the act.
    """
    targets: list[planning.Target] = []
    orders: dict[str, Order] = {}
    for each in seen:
        own = target[each.host.name] if isinstance(target, Mapping) else target
        row, order = _plan_host(each, own, settings, action=action, operation=operation, operator=operator)
        targets.append(row)
        if order is not None:
            orders[row.name] = order
    numbered = {name: number for number, wave in enumerate(waves(list(orders), settings.rollout), 1) for name in wave}
    targets = [msgspec.structs.replace(row, wave=numbered.get(row.name, 0)) for row in targets]
    plan = Plan(
        kind="rollback",
        title=_title(targets, action),
        targets=tuple(targets),
        steps=_steps(orders, settings, action),
        warnings=_warnings(action, orders),
    )
    return Rollback(operation, plan, action, {each.host.name: each.host for each in seen}, orders, settings)


def rollback_job(rollback: Rollback, reach: Reach) -> Job:
    """The work of a rollback: every order in its wave, then one report."""

    async def job(run: Run) -> Report:
        plan = rollback.plan
        not_begun = [left_out(row) for row in plan.targets if row.refused is not None]
        cut = waves([row.name for row in plan.acting_on], rollback.settings.rollout)
        done = await roll_out(cut, rollback.settings.rollout, lambda name: _act(rollback, name, reach, run), run)
        by_name = {report.name: report for report in not_begun + done}
        reports = tuple(by_name[row.name] for row in plan.targets)
        return Report(
            operation=run.operation,
            outcome=overall(report.outcome for report in reports),
            targets=reports,
            interrupted=run.cancelling.is_set(),
        )

    return job


async def _act(rollback: Rollback, name: str, reach: Reach, run: Run) -> TargetReport:
    row = next(row for row in rollback.plan.targets if row.name == name)
    host, order, settings = rollback.hosts[name], rollback.orders[name], rollback.settings
    guarded = GuardedHost(host, order, reach, settings.health, run, before=row.before, after=row.after)
    report = await guarded.activate()
    if rollback.action is Action.REBOOT and report.outcome is Outcome.COMMITTED:
        if run.cancelling.is_set():
            return msgspec.structs.replace(report, detail="profile and boot entry are set; cancelled before the reboot")
        report = await reboot_into(order.new, host, reach, run, report, limit=settings.reboot_timeout)
    return _with_replacement(report, row.facts)


def _with_replacement(report: TargetReport, facts: Mapping[str, str]) -> TargetReport:
    """What was taken back comes up again with the next instance that the group starts: said where the host is well."""
    told, group = facts.get("replacement"), facts.get("group", "GROUP")
    if told is None or report.outcome is not Outcome.COMMITTED:
        return report
    remedy = (
        report.remedy or f"give the group an image of what runs: nixtui instance refresh {quote(group)} --image AMI"
    )
    return msgspec.structs.replace(report, detail="; ".join(filter(None, (report.detail, told))), remedy=remedy)


def _plan_host(
    seen: Seen, target: Target, settings: Settings, *, action: Action, operation: str, operator: str
) -> tuple[planning.Target, Order | None]:
    host = seen.host
    row = planning.Target(name=host.name, environment=host.environment)
    known = seen.generations
    if known is None:
        problem = seen.problem or "not seen yet"
        return msgspec.structs.replace(row, refused=problem, refused_as=Outcome.UNREACHABLE, remedy=seen.remedy), None
    row = msgspec.structs.replace(row, before=_label(known.running, known.current_system))
    if known.current_system is None or known.profile_system is None:
        return msgspec.structs.replace(
            row, refused="the host has no system profile, or does not say what it runs"
        ), None
    try:
        there = resolve(target, known)
    except NoSuchGeneration as error:
        return msgspec.structs.replace(row, refused=str(error)), None
    facts = {"new": there.system, "system": there.path, "previous": known.current_system, "action": action.value}
    if action in (Action.SWITCH, Action.TEST):
        facts["revert_after"] = f"{settings.revert_after:g}"
    facts |= _differences(known, there) | _instance(seen.machine) | _replacement(seen.machine, there)
    row = msgspec.structs.replace(row, after=there.label, facts=facts)
    if where := _why_nothing(known, there, action):
        return msgspec.structs.replace(row, refused=where, refused_as=Outcome.UNCHANGED), None
    if known.lock is not None:
        why, remedy = held_by(known.lock.operation, known.lock.operator, known.lock.since, known.clock)
        return msgspec.structs.replace(row, refused=why, remedy=remedy), None
    order = Order(
        operation=operation,
        operator=operator,
        new=there.system,
        number=there.generation.number if there.generation else None,
        expect_current=known.current_system,
        expect_profile=known.profile_system,
        revert_after=settings.revert_after,
        activation_timeout=settings.activation_timeout,
        live=action in (Action.SWITCH, Action.TEST),
        lasting=action is not Action.TEST,
        lasts=there.path,
    )
    warnings = [*_host_warnings(known, there, action), *_replacement(seen.machine, there, "what it goes to").values()]
    return msgspec.structs.replace(row, warnings=tuple(warnings)), order


def _instance(machine: Machine | None) -> dict[str, str]:
    """Which machine it was, for whoever reads of it when another one has its name."""
    if machine is None:
        return {}
    return {"instance": machine.instance.identity} | ({"group": machine.group} if machine.group else {})


def _replacement(machine: Machine | None, there: Resolved, called: str = "what runs") -> dict[str, str]:
    """What the group of an instance would start, where that is not what the host is about to run."""
    if machine is None or machine.group_system == there.path:
        return {}
    told = machine.replacement(there.system, called=called)
    return {} if told is None else {"replacement": told}


def _differences(known: Generations, there: Resolved) -> dict[str, str]:
    """What tells hosts apart when many go somewhere: both revisions, both kernels, and whether a reboot is due then."""
    found = {
        f"{what}_{when}": value
        for when, generation in (("before", known.running), ("after", there.generation))
        if generation is not None
        for what, value in (("revision", generation.configuration_revision), ("kernel", generation.kernel))
        if value is not None
    }
    return found | ({"reboot": "needed"} if _kernels(known, there) is not None else {})


def _kernels(known: Generations, there: Resolved) -> tuple[str | None, str | None] | None:
    """The kernel that runs, which is that of the boot whatever was switched to, and another one that is to run."""
    booted, to = next((each for each in known.items if each.booted), known.running), there.generation
    if booted is None or to is None or booted.kernel == to.kernel:
        return None
    return booted.kernel, to.kernel


def _label(generation: Generation | None, path: str | None) -> str | None:
    return str(generation.number) if generation else path


def _why_nothing(known: Generations, there: Resolved, action: Action) -> str | None:
    """What is as it should be already, so that nothing is to be done; `None` where something is."""
    runs, is_profile = known.current_system == there.system, known.profile_system == there.path
    if known.profile is not None and there.generation is not None:
        is_profile = known.profile.number == there.generation.number
    boots = is_profile and known.boot_default in (None, there.path, there.system)
    match action:
        case Action.TEST if runs:
            return "it runs already"
        case Action.BOOT if boots and not runs:
            return "it is the profile and boots next already"
        case _ if runs and boots:
            return "it runs, boots and is the profile already"
    return None


def _host_warnings(known: Generations, there: Resolved, action: Action) -> tuple[str, ...]:
    found = []
    if known.running is None:
        found.append("what runs is no generation; going back to it later needs its path")
    elif known.profile_runs != known.current_system:
        found.append("what runs is not what the profile says: somebody tested, or a switch was cut off")
    if (kernels := _kernels(known, there)) is not None:
        change = f"kernel {kernels[0] or '–'} → {kernels[1] or '–'}"
        if action is Action.SWITCH:
            found.append(f"{change}: full effect only after a reboot")
        elif action is Action.TEST:
            found.append(f"{change}: a test goes on with the kernel that runs")
    return tuple(found)


def _warnings(action: Action, orders: dict[str, Order]) -> tuple[str, ...]:
    if action is Action.REBOOT and orders:
        return (f"{len(orders)} host(s) will reboot; a reboot is not guarded",)
    if action is Action.TEST and orders:
        return ("only tested: the next reboot brings back what boots now",)
    if action is Action.BOOT and orders:
        return ("nothing changes before the next reboot, which is not guarded",)
    return ()


_TITLES = {
    Action.SWITCH: "Roll back {}",
    Action.TEST: "Test on {}",
    Action.BOOT: "Set what {} boots next",
    Action.REBOOT: "Roll back {} with a reboot",
}


def _title(targets: Sequence[planning.Target], action: Action) -> str:
    title = _TITLES[action]
    if len(targets) == 1:
        row = targets[0]
        return title.format(row.name) + (f": {row.before} → {row.after}" if row.after else "")
    return title.format(f"{len(targets)} hosts")


def _steps(orders: dict[str, Order], settings: Settings, action: Action) -> tuple[Step, ...]:
    if not orders:
        return ()
    last = [Step("commit: profile and boot entry", _each(orders, _commit_commands))]
    if action is Action.REBOOT:
        last.append(Step("reboot and wait for the new boot", _each(orders, lambda _: ["systemctl reboot"])))
    if action is Action.TEST:
        last = [Step("disarm: it stays until the next reboot; profile and boot entry are not touched")]
    elif action is not Action.SWITCH:
        return tuple(last)
    window = f"{settings.revert_after:g} s"
    return (
        Step(f"arm: without us the host goes back by itself after {window}", _each(orders, _arm_commands)),
        Step("test: activate it, nothing that lasts", _each(orders, _test_commands)),
        Step("verify over a new connection: login, system, units, health", _verify_commands(settings)),
        *last,
        Step("or go back, if anything of this fails", _each(orders, _revert_commands)),
    )


def _each(orders: dict[str, Order], commands: Callable[[Order], list[str]]) -> tuple[str, ...]:
    """With several hosts each command says whose it is."""
    prefix = len(orders) > 1
    return tuple(
        f"{name}: {command}" if prefix else command for name, order in orders.items() for command in commands(order)
    )


def _arm_commands(order: Order) -> list[str]:
    unit, guard = f"nixtui-revert-{order.operation}-1", f"/run/nixtui/{order.operation}/guard"
    timer = ["systemd-run", f"--unit={unit}", f"--on-active={order.revert_after:g}s"]
    return [join([*timer, "/bin/sh", guard, "reverting", order.operation, "1"])]


def _test_commands(order: Order) -> list[str]:
    unit = ["systemd-run", f"--unit=nixtui-activate-{order.operation}"]
    return [join([*unit, f"{order.new}/bin/switch-to-configuration", "test"])]


def _verify_commands(settings: Settings) -> tuple[str, ...]:
    seen = ("readlink -f /run/current-system", "systemctl list-units --state=failed,auto-restart")
    return (*seen, *(check.command for check in settings.health))


def _commit_commands(order: Order) -> list[str]:
    profile = ["nix-env", "--profile", PROFILE]
    point = ["--set", order.lasts or order.new]
    if order.number is not None:
        point = ["--switch-generation", str(order.number)]
    return [join([*profile, *point]), join([f"{order.lasts or order.new}/bin/switch-to-configuration", "boot"])]


def _revert_commands(order: Order) -> list[str]:
    stop = ["systemctl", "stop", f"nixtui-activate-{order.operation}.service"]
    return [join(stop), join([f"{order.expect_current}/bin/switch-to-configuration", "test"])]
