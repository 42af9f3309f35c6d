"""Who may do what where. Enforced where operations run, so that no screen or flag can forget it."""

from collections.abc import Mapping
from enum import Enum, auto

import msgspec

from nixtui.model.environment import Confirmation, Environment
from nixtui.operations.plan import Plan


class Refused(Exception):
    """The operation was not started: `reason` is one plain sentence, `remedy` what would be allowed, if anything."""

    def __init__(self, reason: str, remedy: str | None = None) -> None:
        super().__init__(reason + (f"; {remedy}" if remedy else ""))
        self.reason = reason
        self.remedy = remedy


class Answer(Enum):
    """How somebody said yes."""

    KEY = auto()
    TYPED = auto()
    YES_FLAG = auto()


class Consent(msgspec.Struct, frozen=True):
    """Somebody's yes to one plan, with what they typed and the reason they gave."""

    answer: Answer
    typed: str | None = None
    reason: str | None = None


class Policy(msgspec.Struct, frozen=True):
    """The rules of this run: the global read-only flag and the environments by name."""

    read_only: bool = False
    environments: Mapping[str, Environment] = msgspec.field(default_factory=dict)

    def demands(self, plan: Plan) -> Environment | None:
        """What the environments of the plan's targets ask for together; `None` when none of them is in one, or the plan
        changes nothing there.
        """
        if plan.read_only:
            return None
        touched = self._touched(plan)
        if len(touched) < 2:
            return touched[0] if touched else None
        typing = any(each.confirm is Confirmation.TYPE for each in touched)
        return Environment(
            name=" and ".join(each.name for each in touched),
            match=",".join(each.match for each in touched),
            confirm=Confirmation.TYPE if typing else Confirmation.KEY,
            read_only=any(each.read_only for each in touched),
            allow_yes=all(each.allow_yes for each in touched),
            ask_reason=any(each.ask_reason for each in touched),
        )

    def forbids(self, plan: Plan) -> str | None:
        """Why nobody may run this plan here, however they consent; `None` when somebody may."""
        if plan.read_only:
            return None
        if self.read_only:
            return "nixtui runs read-only"
        if (unknown := self._unknown(plan)) is not None:
            return f"environment {unknown} is not in the configuration"
        closed = next((each for each in self._touched(plan) if each.read_only), None)
        return f"environment {closed.name} is read-only" if closed else None

    def authorize(self, plan: Plan, consent: Consent | None) -> None:
        """Return when `consent` allows this plan; raises `Refused` otherwise."""
        if plan.read_only:
            return
        if forbidden := self.forbids(plan):
            raise Refused(forbidden, "start without --read-only, or change the environment in nixtui.toml")
        if consent is None:
            raise Refused("not confirmed")
        if plan.typed is not None and consent.answer is not Answer.YES_FLAG and consent.typed != plan.typed:
            raise Refused(f"{plan.typed!r} has to be typed for this")
        for environment in self._touched(plan):
            _check(environment, plan, consent)

    def _touched(self, plan: Plan) -> list[Environment]:
        names = {target.environment for target in plan.acting_on}
        return [environment for name, environment in self.environments.items() if name in names]

    def _unknown(self, plan: Plan) -> str | None:
        """An environment that a target claims and nobody wrote rules for: no rules are not lax rules."""
        named = (target.environment for target in plan.acting_on)
        return next((name for name in named if name is not None and name not in self.environments), None)


def _check(environment: Environment, plan: Plan, consent: Consent) -> None:
    name = environment.name
    match consent.answer:
        case Answer.YES_FLAG if not environment.allow_yes:
            raise Refused(f"environment {name} does not accept --yes", "confirm at a terminal")
        case Answer.KEY if environment.confirm is Confirmation.TYPE:
            raise Refused(f"environment {name} wants {plan.challenge!r} typed")
        case Answer.TYPED if consent.typed != plan.challenge:
            raise Refused(f"{consent.typed!r} was typed where {plan.challenge!r} was asked for")
    if environment.ask_reason and not (consent.reason or "").strip():
        raise Refused(f"environment {name} asks for a reason", "give one with --reason")
