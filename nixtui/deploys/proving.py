"""The last step of a host's deploy: it has the secrets that it declares, or the deploy is not called done."""

import msgspec

from nixtui.deploys.secrets import SecretsCheck
from nixtui.model.host import Host
from nixtui.operations.narrator import Narrator
from nixtui.operations.operation import Run
from nixtui.operations.report import Outcome, TargetReport
from nixtui.remote.errors import RemoteError
from nixtui.remote.transport import Reach


async def proven(check: SecretsCheck, host: Host, reach: Reach, run: Run, report: TargetReport) -> TargetReport:
    """The report with what became of the secrets; `FAILED` where one is not as declared. Raises nothing.

    A host that cannot be asked any more has arrived all the same, and it is said that nothing is proven.
    """
    if await check.declared(host.name) is None:
        return report
    tell = Narrator(run, host.name)
    tell.begin("secrets")
    try:
        async with reach(host) as transport:
            proofs = await check.prove(transport)
    except RemoteError as error:
        tell.end(False, error.reason)
        return _with(report, f"its secrets are not proven: {error.reason}")
    if proofs is None:
        return report
    tell.end(not proofs.wrong, str(proofs))
    if not proofs.wrong:
        return _with(report, str(proofs))
    failed = msgspec.structs.replace(report, outcome=Outcome.FAILED, remedy=f"nixtui secrets verify --host {host.name}")
    return _with(failed, str(proofs))


def _with(report: TargetReport, more: str) -> TargetReport:
    detail = f"{report.detail}; {more}" if report.detail else more
    return msgspec.structs.replace(report, detail=detail)
