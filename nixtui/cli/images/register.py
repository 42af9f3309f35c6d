"""`nixtui image register SNAPSHOT --name NAME --arch ARCH`: make an AMI of a snapshot."""

from argparse import ArgumentParser, Namespace

from nixtui.aws.errors import AwsError
from nixtui.aws.logins import Logins
from nixtui.cli.assembly import Assembly
from nixtui.cli.exits import Exit, UsageError
from nixtui.cli.images.choosing import choose_snapshot
from nixtui.cli.images.login import add_login, logins_of
from nixtui.cli.output import Tell, narrate
from nixtui.cli.proposing import add_consent, propose
from nixtui.images.registering import (
    ARCHITECTURES,
    BOOT_MODES,
    TAG_BUILDER,
    TAG_REVISION,
    TAG_STORE_PATH,
    Registration,
    plan_registration,
    register,
)
from nixtui.operations.operation import Prepared, Run
from nixtui.operations.report import Outcome, Report, TargetReport


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("snapshot", metavar="SNAPSHOT")
    parser.add_argument("--name", required=True)
    parser.add_argument("--arch", required=True, choices=sorted(ARCHITECTURES), help="as Nix or EC2 call it")
    parser.add_argument("--boot-mode", choices=BOOT_MODES, help="default: uefi for arm64, legacy-bios for x86_64")
    parser.add_argument("--tpm", action="store_true", help="with a NitroTPM; needs uefi")
    parser.add_argument("--description", metavar="TEXT")
    parser.add_argument("--size", metavar="GIB", type=int, help="the root volume, where it is larger than the snapshot")
    parser.add_argument("--store-path", metavar="PATH", help="the image's store path, kept as a tag")
    parser.add_argument("--revision", metavar="REV", help="the configuration's revision, kept as a tag")
    parser.add_argument("--tag", metavar="KEY=VALUE", action="append", default=[], help="any other tag")
    add_login(parser)
    add_consent(parser)
    parser.add_argument("--json", action="store_true", help="the report as JSON")


async def run(arguments: Namespace, nixtui: Assembly) -> Exit:
    """Plan, ask, register, report."""
    async with logins_of(arguments, nixtui) as logins:
        return await propose(nixtui, await prepare(arguments, nixtui, logins), arguments)


async def prepare(arguments: Namespace, nixtui: Assembly, logins: Logins, _: Tell = narrate) -> Prepared:
    """What it would do. Raises `UsageError`, `AwsError`."""
    session, region = await choose_snapshot(logins, arguments.snapshot)
    registration = Registration(
        name=arguments.name,
        region=region,
        snapshot=arguments.snapshot,
        architecture=ARCHITECTURES[arguments.arch],
        boot_mode=arguments.boot_mode,
        tpm=arguments.tpm,
        description=arguments.description,
        gib=arguments.size,
        tags=_tags(arguments, nixtui.operator),
    )

    async def job(run: Run) -> Report:
        try:
            report = await register(registration, session, run)
        except AwsError as error:
            report = TargetReport(
                name=registration.name,
                outcome=Outcome.UNREACHABLE if error.may_pass else Outcome.FAILED,
                before=registration.snapshot,
                detail=error.reason,
                remedy=error.remedy,
            )
        return Report(operation=run.operation, outcome=report.outcome, targets=(report,))

    return Prepared(nixtui.new_identity(), plan_registration(registration, session.profile), job)


def _tags(arguments: Namespace, operator: str) -> dict[str, str]:
    tags = {TAG_BUILDER: operator}
    if arguments.store_path:
        tags[TAG_STORE_PATH] = arguments.store_path
    if arguments.revision:
        tags[TAG_REVISION] = arguments.revision
    for text in arguments.tag:
        key, sign, value = text.partition("=")
        if not sign:
            raise UsageError(f'--tag takes KEY=VALUE, not "{text}"')
        tags[key] = value
    return tags
