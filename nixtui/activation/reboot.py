"""Rebooting a host into a system that is its boot default already, and seeing it come back."""

import asyncio

import msgspec

from nixtui.model.host import Host
from nixtui.operations.narrator import Narrator
from nixtui.operations.operation import Run
from nixtui.operations.report import Outcome, TargetReport
from nixtui.remote.errors import NoAnswer, RemoteError
from nixtui.remote.guard import Finding, inspect
from nixtui.remote.transport import Reach, Script

ASK_EVERY_S = 2.0

# In the background and a moment later, so that the answer still gets out before sshd goes.
_REBOOT = Script("reboot", "(sleep 1; systemctl reboot) >/dev/null 2>&1 </dev/null &\n")


async def reboot_into(
    system: str, host: Host, reach: Reach, run: Run, report: TargetReport, *, limit: float
) -> TargetReport:
    """Reboot and wait for another boot; `report` is what was done so far and comes back completed.

    A host that is not back within `limit` seconds is `unknown`, with the ways in that need no SSH.
    """
    tell = Narrator(run, host.name)
    tell.begin("rebooting")
    try:
        before = await _start_reboot(host, reach, run.operation)
        found = await _next_boot(host, reach, run, before, run.clock() + limit)
    except RemoteError as error:
        tell.end(False, error.reason)
        return msgspec.structs.replace(
            report,
            outcome=Outcome.UNKNOWN,
            detail=f"profile and boot entry are set, but the reboot was not seen to end: {error.reason}",
            remedy="look at the console: aws ec2 get-console-output, the EC2 serial console, or Session Manager",
        )
    tell.end(found.current == system, f"runs {found.current}")
    if found.current == system:
        return msgspec.structs.replace(report, detail="rebooted; runs, boots and is the profile")
    detail = f"it came back on {found.current} instead of the new system"
    return msgspec.structs.replace(report, outcome=Outcome.FAILED, detail=detail)


async def _start_reboot(host: Host, reach: Reach, operation: str) -> str | None:
    async with reach(host) as transport:
        before = await inspect(transport, operation)
        await transport.run(_REBOOT, elevated=True)
        return before.boot_id


async def _next_boot(host: Host, reach: Reach, run: Run, boot_id: str | None, until: float) -> Finding:
    last: RemoteError = NoAnswer(host.name, "it did not go down")
    while run.clock() < until and not run.cancelling.is_set():
        await asyncio.sleep(ASK_EVERY_S)
        try:
            async with reach(host) as transport:
                found = await inspect(transport, run.operation)
        except RemoteError as error:
            last = error
        else:
            if found.boot_id != boot_id:
                return found
    if run.cancelling.is_set():
        raise NoAnswer(host.name, "cancelled while waiting for it")
    raise last
