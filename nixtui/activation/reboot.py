"""Rebooting a host into its boot default, and seeing it come back as it should."""

import asyncio

import msgspec

from nixtui.model.host import Host
from nixtui.operations.narrator import Narrator
from nixtui.operations.operation import Run
from nixtui.operations.report import Outcome, TargetReport
from nixtui.remote.errors import ElevationFailed, NoAnswer, RemoteError
from nixtui.remote.restart import Look, look, restart
from nixtui.remote.transport import Reach

ASK_EVERY_S = 2.0
SETTLE_S = 90.0
"""How long units may take to come up after the host answers again, before those that failed are counted."""

HOW_TO_GET_IN = (
    "look at its console: the serial console, aws ec2 get-console-output, Session Manager, or who runs the machine"
)


async def reboot_into(
    system: str, host: Host, reach: Reach, run: Run, report: TargetReport, *, limit: float
) -> TargetReport:
    """Reboot and wait for another boot; `report` is what was done so far and comes back completed.

    A host that is not back within `limit` seconds is `unknown`, with the ways in that need no SSH.
    """

    def concluded(outcome: Outcome, detail: str, remedy: str | None = None) -> TargetReport:
        tell.end(outcome.is_success, detail)
        return msgspec.structs.replace(report, outcome=outcome, detail=detail, remedy=remedy)

    tell = Narrator(run, host.name)
    tell.begin("rebooting")
    is_going = False
    try:
        async with reach(host) as transport:
            before = await look(transport, elevated=True)
            if before.boots != system:
                return concluded(Outcome.REFUSED, f"it would boot {before.boots or 'nothing known'}; not rebooted")
            is_going = True
            if (why_not := await restart(transport, before)) is not None:
                return concluded(Outcome.REFUSED, f"{why_not}; not rebooted", "look again, then decide again")
        after = await _next_boot(host, reach, run, tell, before, run.clock() + limit)
    except ElevationFailed as error:
        return concluded(Outcome.FAILED, f"{error.reason}; not rebooted", error.remedy)
    except RemoteError as error:
        if not is_going:
            return concluded(Outcome.UNREACHABLE, f"{error.reason}; not rebooted", error.remedy)
        return concluded(Outcome.UNKNOWN, f"the reboot was not seen to end: {error.reason}", HOW_TO_GET_IN)
    outcome, detail, remedy = judge_boot(before, after, system)
    return concluded(outcome, detail, remedy)


def judge_boot(before: Look, after: Look, system: str) -> tuple[Outcome, str, str | None]:
    """What became of a reboot into `system`: outcome, sentence, next step."""
    if after.current != system:
        return Outcome.FAILED, f"it came back on {after.current} instead of {system}", "look at its generations"
    newly = [unit for unit in after.failed if unit not in before.failed]
    if newly:
        detail = f"rebooted, but {', '.join(newly)} failed, which did not fail before"
        return Outcome.FAILED, detail, f"look at its journal: journalctl -b -u {newly[0]}"
    if after.is_starting:
        return Outcome.COMMITTED, "rebooted; runs what it should, no unit failed so far, some still start", None
    return Outcome.COMMITTED, "rebooted; runs, boots and is the profile", None


async def _next_boot(host: Host, reach: Reach, run: Run, tell: Narrator, before: Look, until: float) -> Look:
    """The host in its next boot, once its units have settled. Raises the `RemoteError` that kept us out last."""
    last: RemoteError = NoAnswer(host.name, "it did not go down")
    settled_by: float | None = None
    while run.clock() < until and not run.cancelling.is_set():
        await asyncio.sleep(ASK_EVERY_S)
        try:
            # Never the old connection: it may hang on a host that went down without a word.
            async with reach(host) as shared, shared.fresh() as transport:
                found = await look(transport)
        except RemoteError as error:
            last = error
            continue
        if found.boot_id is None or found.boot_id == before.boot_id:
            continue
        if settled_by is None:
            tell.end(True, "another boot answers")
            tell.begin("verifying")
            settled_by = run.clock() + SETTLE_S
        if not found.is_starting or run.clock() >= settled_by:
            return found
    if run.cancelling.is_set():
        raise NoAnswer(host.name, "cancelled while waiting for it")
    raise last
