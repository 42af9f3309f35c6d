"""What a deploy would do: built systems against what hosts run, as a plan with an order for every host that changes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from shlex import join

import msgspec

from nixtui.activation.rollback import PROFILE, Settings
from nixtui.deploys.activatable import toplevel_of
from nixtui.deploys.preflight import Candidate, Objection, megabytes
from nixtui.model.generation import Generations
from nixtui.model.host import Host
from nixtui.model.store_path import system_version
from nixtui.operations.plan import Plan, Step, Target
from nixtui.operations.report import Outcome
from nixtui.operations.rollout import waves
from nixtui.remote.guard import Order

KIND = "deploy"


class Action(StrEnum):
    """How far to go: live under the guard and to stay, from the next boot on, live until the next boot, or only asking
    what would change.
    """

    SWITCH = "switch"
    BOOT = "boot"
    TEST = "test"
    DRY_ACTIVATE = "dry-activate"

    @property
    def is_live(self) -> bool:
        """The new system runs at once, under the guard."""
        return self in (Action.SWITCH, Action.TEST)


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for: the action, and which specialisation of the system runs, if one.

    `quarantined` are systems that failed before, with the reason; they are left out unless `force_quarantined`.
    """

    action: Action = Action.SWITCH
    specialisation: str | None = None
    quarantined: Mapping[str, str] = {}
    force_quarantined: bool = False


@dataclass(frozen=True, slots=True)
class Deploy:
    """A plan with what is needed to carry it out; `orders` and `candidates` are by host name."""

    operation: str
    plan: Plan
    choice: Choice
    settings: Settings
    candidates: Mapping[str, Candidate]
    orders: Mapping[str, Order]

    @property
    def hosts(self) -> dict[str, Host]:
        """The hosts by name."""
        return {name: each.host for name, each in self.candidates.items()}


def plan_deploy(
    candidates: Sequence[Candidate], choice: Choice, settings: Settings, *, operation: str, operator: str
) -> Deploy:
    """What deploying means on each of these hosts. Changes nothing and asks nobody."""
    rows: list[Target] = []
    orders: dict[str, Order] = {}
    for candidate in candidates:
        row, order = _plan_host(candidate, choice, settings, operation=operation, operator=operator)
        rows.append(row)
        if order is not None:
            orders[row.name] = order
    numbered = {name: number for number, wave in enumerate(waves(list(orders), settings.rollout), 1) for name in wave}
    rows = [msgspec.structs.replace(row, wave=numbered.get(row.name, 0)) for row in rows]
    plan = Plan(
        kind=KIND,
        title=_title(rows, choice),
        targets=tuple(rows),
        steps=_steps(orders, choice, settings),
        warnings=_warnings(orders, choice),
    )
    return Deploy(operation, plan, choice, settings, {each.host.name: each for each in candidates}, orders)


def _plan_host(
    candidate: Candidate, choice: Choice, settings: Settings, *, operation: str, operator: str
) -> tuple[Target, Order | None]:
    row = Target(name=candidate.host.name, environment=candidate.host.environment)
    seen, system = candidate.seen, candidate.system
    if seen is not None:
        row = msgspec.structs.replace(row, before=str(seen.running.number) if seen.running else seen.current_system)
    if system is not None:
        row = msgspec.structs.replace(row, after=_label(system, choice), facts={"system": system})
    if (objection := candidate.objection) is not None or seen is None or system is None:
        return _refused(row, objection or Objection(why="not asked yet")), None
    toplevel = active = toplevel_of(system)
    if choice.specialisation is not None:
        resolved = specialisation_of(toplevel, choice.specialisation)
        if isinstance(resolved, Objection):
            return _refused(row, resolved), None
        active = resolved
    if seen.current_system is None or seen.profile_system is None:
        return _refused(row, Objection(why="the host does not say what it runs")), None
    row = msgspec.structs.replace(row, facts=_facts(candidate, seen, active, choice, settings))
    boots = seen.boot_default in (None, system, toplevel)
    if (why := _why_nothing(seen, active, system, choice.action, boots=boots)) is not None:
        return _refused(row, Objection(why=why, outcome=Outcome.UNCHANGED)), None
    if (failed := choice.quarantined.get(system)) is not None and not choice.force_quarantined:
        remedy = "change the configuration, or insist with --force-quarantined"
        return _refused(row, Objection(why=f"quarantined: {failed}", remedy=remedy)), None
    order = Order(
        operation=operation,
        operator=operator,
        new=active,
        number=_number_of(seen, system),
        expect_current=seen.current_system,
        expect_profile=seen.profile_system,
        revert_after=settings.revert_after,
        activation_timeout=settings.activation_timeout,
        live=choice.action.is_live,
        lasting=choice.action is not Action.TEST,
        lasts=system,
    )
    return msgspec.structs.replace(row, warnings=_host_warnings(candidate, seen, choice)), order


def _refused(row: Target, objection: Objection) -> Target:
    return msgspec.structs.replace(row, refused=objection.why, refused_as=objection.outcome, remedy=objection.remedy)


def specialisation_of(system: str, name: str) -> str | Objection:
    """The store path of a specialisation of a system in the local store, or which ones it has instead."""
    folder = Path(system) / "specialisation"
    try:
        known = sorted(each.name for each in folder.iterdir())
    except OSError:
        known = []
    if name not in known:
        has = f"it has {', '.join(known)}" if known else "it has none"
        return Objection(why=f'the system has no specialisation "{name}"', remedy=has)
    try:
        return str((folder / name).resolve(strict=True))
    except (OSError, RuntimeError):
        return Objection(why=f'the specialisation "{name}" leads nowhere')


def _label(system: str, choice: Choice) -> str:
    version = system_version(toplevel_of(system)) or system.rpartition("/")[2]
    return f"{version} ({choice.specialisation})" if choice.specialisation else version


def _facts(candidate: Candidate, seen: Generations, active: str, choice: Choice, settings: Settings) -> dict[str, str]:
    facts = {
        "new": active,
        "previous": seen.current_system or "",
        "system": candidate.system or "",
        "action": choice.action.value,
        "missing_paths": str(len(candidate.sizes)),
        "missing_bytes": str(sum(candidate.sizes.values())),
    }
    if choice.action.is_live:
        facts["revert_after"] = f"{settings.revert_after:g}"
    return facts


def _number_of(seen: Generations, system: str) -> int | None:
    """The newest generation that has it already: going there makes no new one, as `nix-env --set` would not."""
    return next((each.number for each in seen.items if each.path == system and each.path_exists), None)


def _why_nothing(seen: Generations, active: str, system: str, action: Action, *, boots: bool) -> str | None:
    runs = seen.current_system == active
    boots = boots and seen.profile_system == system
    match action:
        case Action.TEST | Action.DRY_ACTIVATE if runs:
            return "it runs already"
        case Action.BOOT if boots:
            return "it is the profile and boots next already"
        case Action.SWITCH if runs and boots:
            return "up to date: it runs, boots and is the profile already"
    return None


def _host_warnings(candidate: Candidate, seen: Generations, choice: Choice) -> tuple[str, ...]:
    found = []
    if seen.running is None:
        found.append("what runs is no generation; going back to it later needs its path")
    elif seen.profile_runs != seen.current_system and not choice.specialisation:
        found.append("what runs is not what the profile says: somebody tested, or a switch was cut off")
    landing = candidate.landing
    if landing is not None and landing.store_bytes is None:
        found.append("how much room its store has is not known")
    return tuple(found)


def _warnings(orders: Mapping[str, Order], choice: Choice) -> tuple[str, ...]:
    if not orders:
        return ()
    found = []
    if choice.action is Action.TEST:
        found.append("only tested: the next reboot brings back what boots now")
    if choice.action is Action.BOOT:
        found.append("nothing changes before the next reboot, which is not guarded")
    if choice.specialisation and choice.action is Action.SWITCH:
        found.append("the next boot starts the plain system; the specialisation has an entry of its own in the menu")
    return tuple(found)


_TITLES = {
    Action.SWITCH: "Deploy {}",
    Action.BOOT: "Deploy what {} boots next",
    Action.TEST: "Deploy to {} until the next boot",
    Action.DRY_ACTIVATE: "See what a deploy to {} would change",
}


def _title(rows: Sequence[Target], choice: Choice) -> str:
    if len(rows) == 1:
        row = rows[0]
        way = f": {row.before or '–'} → {row.after}" if row.after else ""
        return _TITLES[choice.action].format(row.name) + way
    return _TITLES[choice.action].format(f"{len(rows)} hosts")


def _steps(orders: Mapping[str, Order], choice: Choice, settings: Settings) -> tuple[Step, ...]:
    if not orders:
        return ()

    def each(commands: Callable[[Order], Sequence[str]]) -> tuple[str, ...]:
        prefix = len(orders) > 1
        return tuple(
            f"{name}: {command}" if prefix else command for name, order in orders.items() for command in commands(order)
        )

    copy = Step(
        "copy what is missing, over the same ssh",
        tuple(join(["nix", "copy", "--to", f"ssh://{name}", order.lasts or ""]) for name, order in orders.items()),
    )
    ask = Step(
        "ask what would change",
        each(lambda order: [join([f"{order.new}/bin/switch-to-configuration", "dry-activate"])]),
    )
    if choice.action is Action.DRY_ACTIVATE:
        return (copy, ask)
    commit = Step("commit: profile and boot entry", each(_commit))
    if choice.action is Action.BOOT:
        return (copy, ask, commit)
    last = commit if choice.action is Action.SWITCH else Step("disarm: it stays until the next reboot")
    return (
        copy,
        ask,
        Step(f"arm: without us the host goes back by itself after {settings.revert_after:g} s"),
        Step(
            "test: activate it, nothing that lasts",
            each(lambda order: [join([f"{order.new}/bin/switch-to-configuration", "test"])]),
        ),
        Step(
            "verify over a new connection: login, system, units, health",
            tuple(check.command for check in settings.health),
        ),
        last,
        Step(
            "or go back, if anything of this fails",
            each(lambda order: [join([f"{order.expect_current}/bin/switch-to-configuration", "test"])]),
        ),
    )


def _commit(order: Order) -> list[str]:
    profile = ["nix-env", "--profile", PROFILE]
    system = order.lasts or order.new
    point = ["--set", system] if order.number is None else ["--switch-generation", str(order.number)]
    return [join([*profile, *point]), join([f"{system}/bin/switch-to-configuration", "boot"])]


def findings(candidate: Candidate) -> list[str]:
    """What one decides by, for one host: what changes in it, what has to be copied, where there is room for that."""
    found = []
    if candidate.change is not None:
        found.append(_change(candidate))
        found += [
            f"  {each.name}: {', '.join(each.before) or '–'} → {', '.join(each.after) or '–'}"
            for each in candidate.change.packages[:8]
        ]
        if (more := len(candidate.change.packages) - 8) > 0:
            found.append(f"  and {more} more: nixtui diff")
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
