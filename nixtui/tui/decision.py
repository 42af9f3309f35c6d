"""What stands between a draft and its beginning: policy, what has to be typed, hosts that are not as they were."""

from dataclasses import dataclass

from nixtui.fleet.state import FleetState
from nixtui.model.environment import Confirmation, Environment
from nixtui.operations.plan import Plan
from nixtui.operations.policy import Answer, Consent, Policy
from nixtui.tui.draft import Draft


@dataclass(frozen=True, slots=True)
class Decision:
    """A draft, and what the person gave so far."""

    draft: Draft
    policy: Policy
    fleet: FleetState
    typed: str = ""
    reason: str = ""

    @property
    def plan(self) -> Plan | None:
        """The plan, once it is made."""
        return self.draft.plan

    @property
    def is_possible(self) -> bool:
        """There is something to do and it is allowed here."""
        return self.plan is not None and bool(self.plan.acting_on) and self.policy.forbids(self.plan) is None

    @property
    def asks_reason(self) -> bool:
        """An environment wants to know why."""
        return self.is_possible and any(each.ask_reason for each in self._environments())

    @property
    def must_type(self) -> bool:
        """An environment is not content with a key, or the plan itself is not."""
        by_plan = self.plan is not None and self.plan.typed is not None
        return self.is_possible and (by_plan or any(each.confirm is Confirmation.TYPE for each in self._environments()))

    @property
    def lacks_reason(self) -> bool:
        """A reason is asked for and not given."""
        return self.asks_reason and not self.reason.strip()

    def _environments(self) -> list[Environment]:
        """Those the plan would change something in."""
        plan = self.plan
        named = {target.environment for target in plan.acting_on} if plan and not plan.read_only else set()
        return [each for name, each in self.policy.environments.items() if name in named]

    def why_not(self) -> str | None:
        """Why it cannot begin now, in one sentence; `None` when it can."""
        plan = self.plan
        if plan is None:
            return self.draft.plan_problem or "the plan is not there yet"
        if not plan.acting_on:
            return "nothing to do" if len(plan.targets) == 1 else "nothing to do: all of them are left out"
        if (forbidden := self.policy.forbids(plan)) is not None:
            return forbidden
        if changed := self._changed():
            return f"{changed} runs something else than when you pressed the key; cancel and look again"
        if self.lacks_reason:
            return "this environment asks for a reason"
        if self.must_type and self.typed != plan.challenge:
            return f"type {plan.challenge} first"
        return None

    def _changed(self) -> str | None:
        """A host that runs something else than was shown, or is gone; nothing to a plan that changes no host."""
        if self.plan is not None and self.plan.read_only:
            return None
        for name, status in self.draft.seen.items():
            now = self.fleet.status(name).facts.current_system if name in self.fleet else None
            if now != status.facts.current_system:
                return name
        return None

    def consent(self) -> Consent:
        """The yes, as policy wants it."""
        answer = Answer.TYPED if self.must_type else Answer.KEY
        return Consent(answer, self.typed if self.must_type else None, self.reason.strip() or None)
