"""Which instances are meant, and in which regions."""

from argparse import Namespace
from collections.abc import Sequence

from nixtui.aws.session import Session
from nixtui.cli.assembly import Assembly
from nixtui.cli.exits import UsageError
from nixtui.instances.standing import Standing, survey


async def regions_of(arguments: Namespace, nixtui: Assembly, session: Session) -> list[str]:
    """The region that was named, else those of `[ec2]`, else that of the login."""
    ec2 = nixtui.configuration.ec2
    if arguments.region or ec2 is None or not ec2.regions:
        return [await session.region()]
    return list(ec2.regions)


async def choose(arguments: Namespace, nixtui: Assembly, session: Session, names: Sequence[str]) -> list[Standing]:
    """The instances of these ids or names. Raises `UsageError`, `AwsError` where a region does not tell."""
    found = await survey(session, await regions_of(arguments, nixtui, session), {})
    for _, what, problem in found.problems:
        if what == "instances":
            raise problem
    chosen: dict[str, Standing] = {}
    for name in names:
        called = [each for each in found.standings if name in (each.instance.identity, each.instance.name)]
        exact = [each for each in called if each.instance.identity == name] or called
        if not exact:
            raise UsageError(f'there is no instance "{name}" here; nixtui instance list shows them')
        if len(exact) > 1:
            raise UsageError(
                f'several instances are called "{name}": ' + ", ".join(each.instance.identity for each in exact)
            )
        chosen[exact[0].instance.identity] = exact[0]
    return list(chosen.values())
