"""The AWS logins of a command: what its arguments, the environment and `[ec2]` say."""

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence

from nixtui.aws.logins import Logins, by_profile, open_logins
from nixtui.aws.session import Session
from nixtui.cli.assembly import Assembly
from nixtui.cli.exits import UsageError
from nixtui.images.catalogue import Regions, enabled_regions
from nixtui.images.naming import refuse_region


def add_login(parser: ArgumentParser, *, several: bool = False) -> None:
    """Declare what says where at AWS; `several` logins where a command lists, and one where it acts."""
    again = "; may be given again" if several else ""
    parser.add_argument("--region", metavar="R", help="instead of AWS_REGION, [ec2] regions or the profile's")
    parser.add_argument(
        "--profile", metavar="P", action="append", help=f"instead of AWS_PROFILE and [ec2] profile or profiles{again}"
    )
    parser.set_defaults(several_profiles=several)


def logins_of(arguments: Namespace, nixtui: Assembly) -> Logins:
    """All that are meant; nothing is asked yet. Raises `UsageError`."""
    if arguments.region and (reason := refuse_region(arguments.region)):
        raise UsageError(f'--region: "{arguments.region}" {reason}')
    named: Sequence[str] = arguments.profile or ()
    if len(named) > 1 and not arguments.several_profiles:
        raise UsageError(f"--profile is given once here, and not {len(named)} times: this is done by one login")
    if not all(named):
        raise UsageError("--profile names no login; aws configure list-profiles names them")
    environ, ec2 = nixtui.surroundings.environ, nixtui.configuration.ec2
    configured = ec2.regions[0] if ec2 is not None and ec2.regions else None
    from_environ = environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION")
    return open_logins(
        environ,
        named=named,
        configured=ec2.logins if ec2 is not None else (),
        region=arguments.region or from_environ or configured,
    )


def open_session(arguments: Namespace, nixtui: Assembly) -> Session:
    """The one login of a command that makes something. Raises `UsageError`, also where there are several."""
    return the_one(logins_of(arguments, nixtui))


def the_one(logins: Logins) -> Session:
    """Raises `UsageError` where there are several."""
    if logins.several:
        choices = " or ".join(by_profile(each).strip() for each in logins.several)
        raise UsageError(f"there are several logins here, and what this makes is made by one; say which: {choices}")
    return logins.only


def regions_of(arguments: Namespace, nixtui: Assembly, *, everywhere: bool = False) -> Regions:
    """Of each login: all that are enabled, else the region that was named, else those of `[ec2]`, else its own."""
    ec2 = nixtui.configuration.ec2

    async def regions(session: Session) -> Sequence[str]:
        if everywhere:
            return await enabled_regions(session)
        if arguments.region or ec2 is None or not ec2.regions:
            return [await session.region()]
        return list(ec2.regions)

    return regions
