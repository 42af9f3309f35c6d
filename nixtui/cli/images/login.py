"""The AWS login of a command: what its arguments, the environment and `[ec2]` say."""

from argparse import ArgumentParser, Namespace

from nixtui.aws.session import Session
from nixtui.cli.assembly import Assembly
from nixtui.cli.exits import UsageError
from nixtui.images.naming import refuse_region


def add_login(parser: ArgumentParser) -> None:
    """Declare what says where at AWS."""
    parser.add_argument("--region", metavar="R", help="instead of AWS_REGION, [ec2] regions or the profile's")
    parser.add_argument("--profile", metavar="P", help="instead of AWS_PROFILE and [ec2] profile")


def open_session(arguments: Namespace, nixtui: Assembly) -> Session:
    """The session; nothing is asked yet. Raises `UsageError`."""
    if arguments.region and (reason := refuse_region(arguments.region)):
        raise UsageError(f'--region: "{arguments.region}" {reason}')
    environ, ec2 = nixtui.surroundings.environ, nixtui.configuration.ec2
    configured = ec2.regions[0] if ec2 is not None and ec2.regions else None
    from_environ = environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION")
    profile = arguments.profile or environ.get("AWS_PROFILE") or (ec2.profile if ec2 is not None else None)
    return Session(environ, profile=profile, region=arguments.region or from_environ or configured)
