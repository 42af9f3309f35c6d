"""`nixtui image upload FILE --via-s3 BUCKET`: the same snapshot by way of S3 and the import service."""

from argparse import Namespace
from contextlib import suppress
from pathlib import Path

from nixtui.aws.session import Session
from nixtui.cli.assembly import Assembly
from nixtui.cli.carrying_out import carry_out
from nixtui.cli.exits import Exit, exit_for
from nixtui.cli.narration import plan_lines
from nixtui.cli.output import narrate, print_json
from nixtui.cli.proposing import print_report, show_plan
from nixtui.images.importing import Imported, ImportJob, plan_import
from nixtui.images.s3_import import Detour, check_detour
from nixtui.images.upload import Prospect
from nixtui.operations.operation import Prepared
from nixtui.operations.plan import left_out
from nixtui.operations.policy import Answer, Consent
from nixtui.operations.report import Report, overall


async def import_by_s3(
    arguments: Namespace, nixtui: Assembly, session: Session, prospect: Prospect, path: Path
) -> Exit:
    """Look at bucket and role, plan, import, report. Nothing that exists is changed, so nothing is asked."""
    detour = Detour(arguments.via_s3, arguments.role)
    findings = await check_detour(session, prospect.wanted.region, detour)
    plan = plan_import(prospect, path, detour, findings)
    if arguments.dry_run:
        return show_plan(plan, as_json=arguments.json)
    job = ImportJob(prospect, path, detour, session)
    prepared = Prepared(nixtui.new_identity(), plan, job)
    if plan.acting_on:
        for line in plan_lines(plan, commands=False):
            narrate(line)
        consent = Consent(Answer.YES_FLAG if arguments.yes else Answer.KEY, reason=arguments.reason)
        report = await carry_out(nixtui, prepared, consent)
    else:
        targets = tuple(left_out(row) for row in plan.targets)
        outcome = overall(each.outcome for each in targets)
        report = Report(operation=prepared.identity, outcome=outcome, targets=targets)
    if arguments.json:
        _print(report, job.imported, prospect.read.gib)
    else:
        print_report(report, plan, as_json=False)
    return exit_for(report)


def _print(report: Report, imported: Imported, gib: int) -> None:
    """The keys of an upload, of which an import has no blocks, and what is its own."""
    with suppress(BrokenPipeError):
        print_json(
            {
                "operation": report.operation,
                "outcome": report.outcome.value,
                "snapshot_id": imported.snapshot,
                "volume_gib": gib,
                "blocks_sent": None,
                "blocks_resumed": None,
                "blocks_skipped": None,
                "bytes": imported.bytes,
                "seconds": round(imported.seconds, 3),
                "detail": "; ".join(each.detail for each in report.targets if each.detail) or None,
                "remedy": "; ".join(each.remedy for each in report.targets if each.remedy) or None,
                "import_task": imported.task,
                "object_left": imported.object,
            }
        )
