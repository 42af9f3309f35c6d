"""Asking for a yes on the terminal, as hard as the environments of the plan demand."""

import asyncio
import sys

from nixtui.cli.output import narrate
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
    strictest = policy.strictest(plan)
    if reason is None and strictest is not None and strictest.ask_reason:
        reason = await _ask("Reason, for the journal: ")
    if strictest is not None and strictest.confirm is Confirmation.TYPE:
        typed = await _ask(f"Type {plan.challenge} to go on: ")
        return Consent(Answer.TYPED, typed=typed.strip(), reason=reason)
    if (await _ask("Go on? [y/N] ")).strip().lower() not in ("y", "yes"):
        raise Refused("not confirmed", "nothing was done")
    return Consent(Answer.KEY, reason=reason)


async def _ask(question: str) -> str:
    """A line from the terminal; the end of input is no answer."""
    sys.stderr.write(question)
    sys.stderr.flush()
    line: str = await asyncio.to_thread(sys.stdin.readline)
    if not line:
        narrate("")
    return line
