"""Asking for a yes on the terminal, as hard as the environments of the plan demand."""

import sys

from nixtui.cli.terminal import ask
from nixtui.model.environment import Confirmation
from nixtui.operations.plan import Plan
from nixtui.operations.policy import Answer, Consent, Policy, Refused


async def ask_consent(plan: Plan, policy: Policy, *, yes: bool, reason: str | None) -> Consent:
    """What the person says to this plan. Raises `Refused` when they say no, or nobody is there to ask."""
    if forbidden := policy.forbids(plan):
        raise Refused(forbidden)
    if yes:
        return Consent(Answer.YES_FLAG, reason=reason)
    if not sys.stdin.isatty():
        raise Refused("nobody can be asked without a terminal", "confirm with --yes")
    demands = policy.demands(plan)
    if reason is None and demands is not None and demands.ask_reason:
        reason = await ask("Reason, for the journal: ")
    if plan.typed is not None or (demands is not None and demands.confirm is Confirmation.TYPE):
        typed = await ask(f"Type {plan.challenge} to go on: ")
        return Consent(Answer.TYPED, typed=typed.strip(), reason=reason)
    if (await ask("Go on? [y/N] ")).strip().lower() not in ("y", "yes"):
        raise Refused("not confirmed", "nothing was done")
    return Consent(Answer.KEY, reason=reason)
