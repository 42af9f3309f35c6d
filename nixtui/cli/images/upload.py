"""`nixtui image upload FILE --name NAME`: send a disk image as an EBS snapshot."""

from argparse import ArgumentParser, Namespace
from contextlib import suppress
from pathlib import Path

from nixtui.aws.snapshots import BLOCK
from nixtui.cli.assembly import Assembly
from nixtui.cli.carrying_out import carry_out
from nixtui.cli.exits import Exit, exit_for
from nixtui.cli.images.login import add_login, open_session
from nixtui.cli.images.via_s3 import import_by_s3
from nixtui.cli.narration import plan_lines
from nixtui.cli.output import narrate, print_json
from nixtui.cli.proposing import print_report, show_plan
from nixtui.config.paths import cache_dir, state_dir
from nixtui.images.blocks import Skip
from nixtui.images.qcow2 import as_disk
from nixtui.images.registering import TAG_BUILDER
from nixtui.images.s3_import import ROLE
from nixtui.images.upload import Wanted, check_wanted, look, plan_upload
from nixtui.images.uploading import Sent, UploadJob
from nixtui.operations.operation import Prepared
from nixtui.operations.plan import left_out
from nixtui.operations.policy import Answer, Consent
from nixtui.operations.report import Report, overall


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("file", metavar="FILE", type=Path, help="a disk image: raw, VHD or qcow2, whatever its name")
    parser.add_argument("--name", required=True, help="what snapshot and image are called")
    add_login(parser)
    parser.add_argument("--size", metavar="GIB", type=int, help="the volume, where it is to be larger than the image")
    parser.add_argument(
        "--skip", choices=[each.value for each in Skip], default=Skip.HOLES.value, help="what is not sent"
    )
    parser.add_argument("--incremental", action="store_true", help="onto the likest one sent from here: what differs")
    parser.add_argument("--kms-key", metavar="ARN", help="encrypt the snapshot with this key")
    parser.add_argument("--via-s3", metavar="BUCKET", help="import it from S3, where EBS direct cannot be used")
    parser.add_argument("--role", metavar="NAME", default=ROLE, help="that the import service takes on (vmimport)")
    parser.add_argument("--dry-run", action="store_true", help="print the plan and stop")
    parser.add_argument("--yes", action="store_true", help="nothing is asked here; accepted as everywhere")
    parser.add_argument("--reason", metavar="TEXT", help="why, for the journal")
    parser.add_argument("--json", action="store_true", help="the result as JSON")


async def run(arguments: Namespace, nixtui: Assembly) -> Exit:
    """Read, plan, send, report. Nothing that exists is changed, so nothing is asked."""
    environ = nixtui.surroundings.environ
    async with open_session(arguments, nixtui) as session:
        wanted = Wanted(
            name=arguments.name,
            region=await session.region(),
            gib=arguments.size,
            skip=Skip(arguments.skip),
            kms_key=arguments.kms_key,
            incremental=arguments.incremental,
            tags={TAG_BUILDER: nixtui.operator},
        )
        check_wanted(wanted)
        path = nixtui.surroundings.cwd / arguments.file
        async with as_disk(path, cache_dir(environ) / "images", narrate) as disk:
            narrate(f"reading {arguments.file} …")
            prospect = await look(session, disk, str(arguments.file), wanted, state_dir(environ))
            if arguments.via_s3:
                return await import_by_s3(arguments, nixtui, session, prospect, path)
            plan = plan_upload(prospect)
            if arguments.dry_run:
                return show_plan(plan, as_json=arguments.json)
            job = UploadJob(prospect, session)
            prepared = Prepared(nixtui.new_identity(), plan, job)
            if not plan.acting_on:
                targets = tuple(left_out(row) for row in plan.targets)
                report = Report(
                    operation=prepared.identity, outcome=overall(each.outcome for each in targets), targets=targets
                )
            else:
                for line in plan_lines(plan, commands=False):
                    narrate(line)
                consent = Consent(Answer.YES_FLAG if arguments.yes else Answer.KEY, reason=arguments.reason)
                report = await carry_out(nixtui, prepared, consent)
    _print(report, prepared, job.sent, as_json=arguments.json)
    return exit_for(report)


def _print(report: Report, prepared: Prepared, sent: Sent, *, as_json: bool) -> None:
    if not as_json:
        print_report(report, prepared.plan, as_json=False)
        return
    (only,) = report.targets
    with suppress(BrokenPipeError):
        print_json(
            {
                "operation": report.operation,
                "outcome": report.outcome.value,
                "snapshot_id": sent.snapshot,
                "volume_gib": sent.gib,
                "blocks_sent": sent.sent,
                "blocks_resumed": sent.resumed,
                "blocks_skipped": sent.skipped,
                "parent_snapshot_id": sent.parent,
                "bytes": sent.sent * BLOCK,
                "seconds": round(sent.seconds, 3),
                "detail": only.detail,
                "remedy": only.remedy,
            }
        )
