"""What a deploy would do: built systems against what hosts run, as a plan with an order for every host that changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from shlex import join

import msgspec

from nixtui.activation.rollback import Settings
from nixtui.deploys.activatable import toplevel_of
from nixtui.deploys.choice import Action, Choice
from nixtui.deploys.findings import counted
from nixtui.deploys.legs import Leg, as_said, custom_leg, order_of
from nixtui.deploys.objection import Objection
from nixtui.deploys.preflight import Candidate
from nixtui.deploys.pulling import Pull, pull_order
from nixtui.deploys.steps import steps_of
from nixtui.model.generation import Generations
from nixtui.model.host import Host
from nixtui.model.store_path import system_version
from nixtui.nix.colmena import HiveKey
from nixtui.nix.wanted import SYSTEM_PROFILE
from nixtui.operations.plan import Plan, Target
from nixtui.operations.report import Outcome
from nixtui.operations.rollout import waves
from nixtui.remote.guard import Order

KIND = "deploy"


@dataclass(frozen=True, slots=True)
class Deploy:
    """A plan with what is needed to carry it out. `candidates` are by host name, and so are `legs`: the activations on
    a host, in their order.
    """

    operation: str
    plan: Plan
    choice: Choice
    settings: Settings
    candidates: Mapping[str, Candidate]
    legs: Mapping[str, tuple[Leg, ...]]

    @property
    def hosts(self) -> dict[str, Host]:
        """The hosts by name."""
        return {name: each.host for name, each in self.candidates.items()}

    def decided_by(self, known: Mapping[str, Sequence[str]]) -> "Deploy":
        """With what one decides by in the plan, and so in the journal."""
        return self._with_rows({name: {"known": tuple(lines)} for name, lines in known.items()})

    def with_facts(self, facts: Mapping[str, Mapping[str, str]]) -> "Deploy":
        """With more that is known of hosts; what the plan itself says of them stays."""
        rows = {row.name: {**facts.get(row.name, {}), **row.facts} for row in self.plan.targets}
        return self._with_rows({name: {"facts": each} for name, each in rows.items()})

    def _with_rows(self, changes: Mapping[str, Mapping[str, object]]) -> "Deploy":
        rows = (msgspec.structs.replace(row, **changes.get(row.name, {})) for row in self.plan.targets)
        return replace(self, plan=msgspec.structs.replace(self.plan, targets=tuple(rows)))


def plan_deploy(
    candidates: Sequence[Candidate], choice: Choice, settings: Settings, *, operation: str, operator: str
) -> Deploy:
    """What deploying means on each of these hosts. Changes nothing and asks nobody."""
    rows: list[Target] = []
    legs: dict[str, tuple[Leg, ...]] = {}
    for candidate in candidates:
        row, own = _plan_host(candidate, choice, settings, operation=operation, operator=operator)
        rows.append(row)
        if own is not None:
            legs[row.name] = own
    numbered = {name: number for number, wave in enumerate(waves(list(legs), settings.rollout), 1) for name in wave}
    rows = [msgspec.structs.replace(row, wave=numbered.get(row.name, 0)) for row in rows]
    keys = {each.host.name: keys_of(each, choice) for each in candidates if each.host.name in legs}
    plan = Plan(
        kind=KIND,
        title=_title(rows, choice),
        targets=tuple(rows),
        steps=steps_of(legs, choice, settings, keys),
        warnings=_warnings(legs, choice),
        read_only=choice.action is Action.BUILD,
    )
    return Deploy(operation, plan, choice, settings, {each.host.name: each for each in candidates}, legs)


def keys_of(candidate: Candidate, choice: Choice) -> Mapping[str, HiveKey]:
    """The keys that are uploaded with the activation; a dry one changes nothing."""
    if candidate.hive is None or choice.action in (Action.DRY_ACTIVATE, Action.BUILD):
        return {}
    return candidate.hive.keys


def _plan_host(
    candidate: Candidate, choice: Choice, settings: Settings, *, operation: str, operator: str
) -> tuple[Target, tuple[Leg, ...] | None]:
    """The row, and the activations on this host; `None` where nothing is done at all."""
    row = Target(name=candidate.host.name, environment=candidate.host.environment)
    seen, system = candidate.seen, candidate.system
    if seen is not None:
        row = msgspec.structs.replace(row, before=str(seen.running.number) if seen.running else seen.current_system)
    row = msgspec.structs.replace(row, after=_after(candidate, choice), facts={"system": system} if system else {})
    if (objection := candidate.objection) is not None or seen is None:
        return _refused(row, objection or Objection(why="not asked yet")), None
    if seen.current_system is None or seen.profile_system is None:
        return _refused(row, Objection(why="the host does not say what it runs")), None
    legs: list[Leg] = []
    nothing: dict[str, str] = {}
    active = seen.current_system
    for name in order_of(candidate):
        if candidate.pull is not None:
            found = _pull_leg(candidate.pull, seen, choice, settings, operation=operation, operator=operator)
        elif name == SYSTEM_PROFILE and system is not None:
            found = _system_leg(candidate, seen, system, choice, settings, operation=operation, operator=operator)
            active = found.order.new if isinstance(found, Leg) else active
        else:
            found = custom_leg(candidate.customs[name], choice.action, settings, operation=operation, operator=operator)
        if isinstance(found, Leg):
            legs.append(found)
        elif found.outcome is Outcome.UNCHANGED:
            nothing[name] = found.why
        else:
            return _refused(row, found), None
    facts = _facts(candidate, seen, active, choice, settings) | {"legs": " ".join(leg.profile for leg in legs)}
    row = msgspec.structs.replace(row, facts=facts)
    if not legs and not keys_of(candidate, choice):
        why = "; ".join(why if len(nothing) == 1 else f"{name}: {why}" for name, why in nothing.items())
        return _refused(row, Objection(why=why, outcome=Outcome.UNCHANGED)), None
    return msgspec.structs.replace(row, warnings=_host_warnings(candidate, seen, choice)), tuple(legs)


def _pull_leg(
    pull: Pull, seen: Generations, choice: Choice, settings: Settings, *, operation: str, operator: str
) -> Leg | Objection:
    if choice.specialisation is not None:
        return Objection(why="it pulls its system, and no specialisation can be chosen for that")
    order = pull_order(pull, seen, choice.action, settings, operation=operation, operator=operator)
    return Leg(SYSTEM_PROFILE, order) if isinstance(order, Order) else order


def _system_leg(
    candidate: Candidate,
    seen: Generations,
    system: str,
    choice: Choice,
    settings: Settings,
    *,
    operation: str,
    operator: str,
) -> Leg | Objection:
    toplevel = active = toplevel_of(system)
    if choice.specialisation is not None:
        resolved = specialisation_of(toplevel, choice.specialisation)
        if isinstance(resolved, Objection):
            return resolved
        active = resolved
    boots = seen.boot_default in (None, system, toplevel)
    if (why := _why_nothing(seen, active, system, choice.action, boots=boots)) is not None:
        return Objection(why=why, outcome=Outcome.UNCHANGED)
    insists = choice.force_quarantined or choice.action is Action.BUILD
    if (failed := choice.quarantined.get(system)) is not None and not insists:
        remedy = "change the configuration, or insist with --force-quarantined"
        return Objection(why=f"quarantined: {failed}", remedy=remedy)
    order = Order(
        operation=operation,
        operator=operator,
        new=active,
        number=_number_of(seen, system),
        expect_current=seen.current_system or "",
        expect_profile=seen.profile_system or "",
        revert_after=settings.revert_after,
        activation_timeout=settings.activation_timeout,
        live=choice.action.is_live,
        lasting=choice.action is not Action.TEST,
        lasts=system,
    )
    return Leg(SYSTEM_PROFILE, as_said(order, candidate.wished.system if candidate.wished else None))


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


def _after(candidate: Candidate, choice: Choice) -> str | None:
    """What a host is to have, for people: the version of its system, and the names of profiles beside it."""
    if candidate.pull is not None:
        return candidate.pull.reference
    found = []
    if (system := candidate.system) is not None:
        version = system_version(toplevel_of(system)) or system.rpartition("/")[2]
        found.append(f"{version} ({choice.specialisation})" if choice.specialisation else version)
    beside = candidate.wished.beside if candidate.wished is not None else ()
    return ", ".join([*found, *(each.name for each in beside)]) or None


def _facts(candidate: Candidate, seen: Generations, active: str, choice: Choice, settings: Settings) -> dict[str, str]:
    facts = {
        "new": active,
        "previous": seen.current_system or "",
        "system": candidate.system or "",
        "action": choice.action.value,
        "missing_paths": str(len(candidate.sizes)),
        "missing_bytes": str(sum(candidate.sizes.values())),
        **{f"profile {name}": each.path for name, each in candidate.customs.items()},
    }
    if candidate.pull is not None:
        facts |= {"new": "", "pull": candidate.pull.command(choice.action), "profile": seen.profile_system or ""}
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
        case Action.SWITCH | Action.BUILD if runs and boots:
            return "up to date: it runs, boots and is the profile already"
    return None


def _host_warnings(candidate: Candidate, seen: Generations, choice: Choice) -> tuple[str, ...]:
    found = []
    if seen.running is None:
        found.append("what runs is no generation; going back to it later needs its path")
    elif seen.profile_runs != seen.current_system and not choice.specialisation:
        found.append("what runs is not what the profile says: somebody tested, or a switch was cut off")
    if candidate.commits is not None and candidate.commits.undone:
        found.append(f"takes back what runs there: {counted(candidate.commits, candidate.commits.undone)}")
    landing = candidate.landing
    if landing is not None and landing.store_bytes is None:
        found.append("how much room its store has is not known")
    if landing is not None and choice.action is not Action.BUILD:
        found += landing.inhibitors
    said = candidate.wished.node.profiles if candidate.wished is not None else ()
    if candidate.hive is not None and (words := candidate.hive.privilege_escalation_command)[:1] != ("sudo",):
        found.append(f"root is had as [ssh] elevate says, not by {join(words)}")
    others = sorted({each.sudo for each in said if each.sudo is not None and each.sudo.split()[:1] != ["sudo"]})
    found += [f"root is had as [ssh] elevate says, not by {sudo!r}" for sudo in others]
    if names := [each.name for each in said if not each.magic_rollback]:
        found.append(f"{', '.join(names)}: stays without a new login as well (magicRollback is off)")
    if names := [each.name for each in said if not each.auto_rollback]:
        found.append(f"{', '.join(names)}: stays when it fails as well (autoRollback is off)")
    return tuple(found)


def _warnings(legs: Mapping[str, tuple[Leg, ...]], choice: Choice) -> tuple[str, ...]:
    if not legs:
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
    Action.BUILD: "Built, and nothing else: {}",
}


def _title(rows: Sequence[Target], choice: Choice) -> str:
    if len(rows) == 1:
        row = rows[0]
        way = f": {row.before or '–'} → {row.after}" if row.after else ""
        return _TITLES[choice.action].format(row.name) + way
    return _TITLES[choice.action].format(f"{len(rows)} hosts")
