"""`nixtui instance launch AMI --name NAME --type TYPE`: start an instance from an image."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from nixtui.cli.assembly import Assembly
from nixtui.cli.exits import Exit, UsageError
from nixtui.cli.images.choosing import choose_image
from nixtui.cli.images.login import add_login, logins_of
from nixtui.cli.proposing import add_consent, propose
from nixtui.images.changing import changing_job, plan_changes
from nixtui.images.machines import type_facts
from nixtui.instances.launching import LONGEST_USER_DATA, Launch, launch_change
from nixtui.model.naming import refuse_name
from nixtui.operations.operation import Prepared


def add(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("image", metavar="AMI")
    parser.add_argument("--name", required=True, help="its name tag, and so the host's name")
    parser.add_argument("--type", metavar="TYPE", required=True, help="the instance type, such as t3.small")
    parser.add_argument("--subnet", metavar="ID")
    parser.add_argument("--security-group", metavar="ID", action="append", default=[])
    parser.add_argument("--key-pair", metavar="NAME")
    parser.add_argument("--instance-profile", metavar="NAME", help="its IAM role; Session Manager needs one")
    parser.add_argument("--user-data", metavar="FILE", type=Path, help="a script or a NixOS expression")
    add_login(parser)
    add_consent(parser)
    parser.add_argument("--json", action="store_true", help="the report as JSON")


async def run(arguments: Namespace, nixtui: Assembly) -> Exit:
    """Plan, ask, launch, report its id."""
    if reason := refuse_name(arguments.name):
        raise UsageError(f"--name {reason}")
    user_data = _read(nixtui.surroundings.cwd / arguments.user_data) if arguments.user_data else None
    async with logins_of(arguments, nixtui) as logins:
        image = await choose_image(logins, arguments.image)
        session = logins.of(image.login)
        identity = nixtui.new_identity()
        launch = Launch(
            image=image,
            name=arguments.name,
            kind=arguments.type,
            token=identity,
            subnet=arguments.subnet,
            security_groups=tuple(arguments.security_group),
            key_pair=arguments.key_pair,
            profile=arguments.instance_profile,
            user_data=user_data,
        )
        change = launch_change(launch, await type_facts(session, image.region, arguments.type))
        plan = plan_changes("instance-launch", f"Launch {arguments.name} from {image.name}", [change])
        return await propose(nixtui, Prepared(identity, plan, changing_job(plan, [change], session)), arguments)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(LONGEST_USER_DATA + 1)
    except OSError as error:
        raise UsageError(f"--user-data: {path} cannot be read: {error.strerror}") from error
