"""Which instances and groups are meant, and in which regions."""

import asyncio
from argparse import Namespace
from collections.abc import Sequence

from nixtui.aws.errors import AwsError, Kind
from nixtui.aws.logins import Logins, in_short
from nixtui.aws.session import ByLogin, Session
from nixtui.cli.assembly import Assembly
from nixtui.cli.exits import UsageError
from nixtui.cli.images.choosing import or_name_one
from nixtui.cli.images.login import regions_of
from nixtui.cli.output import narrate, plain
from nixtui.instances.refreshing import find_group
from nixtui.instances.standing import Group, Standing, Survey, survey_all


async def choose(arguments: Namespace, nixtui: Assembly, logins: ByLogin, names: Sequence[str]) -> list[Standing]:
    """The instances of these ids or names. Raises `UsageError`, `AwsError` where it is not known who is meant."""
    several = Logins(logins.sessions)
    found = await survey_all(several, regions_of(arguments, nixtui), {})
    _heed(found, several, names)
    chosen: dict[str, Standing] = {}
    for name in names:
        called = [each for each in found.standings if name in (each.instance.identity, each.instance.name)]
        exact = [each for each in called if each.instance.identity == name] or called
        if not exact:
            raise UsageError(f'there is no instance "{name}" here; nixtui instance list shows them')
        if len(exact) > 1:
            raise UsageError(f'several instances are called "{name}": ' + ", ".join(map(_told, exact)))
        chosen[exact[0].instance.identity] = exact[0]
    return list(chosen.values())


def _heed(found: Survey, logins: Logins, names: Sequence[str]) -> None:
    """Where something is not told, a name may be another instance's as well. An id is nobody else's."""
    silent = [(region, None, why) for region, what, why in found.problems if what == "instances"]
    if not silent:
        return
    told = {each.instance.identity for each in found.standings}
    if not (logins.several and told.issuperset(names)):
        raise or_name_one(silent[0][2], logins)
    for where, why in in_short(silent):
        narrate(f"nixtui: {plain(where)}: {plain(str(why))}")


def _told(standing: Standing) -> str:
    instance = standing.instance
    whose = ", ".join(each for each in (instance.login, instance.account) if each) if instance.login else ""
    return f"{instance.identity} ({whose})" if whose else instance.identity


async def choose_group(logins: Logins, name: str) -> Group:
    """The auto scaling group of this name. Raises `UsageError` where several logins have one, and `AwsError`."""
    answers = await asyncio.gather(*(_group(session, name) for session in logins.sessions))
    found = [each for each in answers if isinstance(each, Group)]
    problems = [each for each in answers if isinstance(each, AwsError)]
    silent = next((each for each in problems if each.kind is not Kind.NOT_FOUND), None)
    if silent is not None:
        raise or_name_one(silent, logins)
    if not found:
        raise problems[0]
    if len(found) > 1 and len(await accounts_of(logins, [each.login for each in found])) > 1:
        where = ", ".join(str(each.login) for each in found)
        raise UsageError(f'several logins have an auto scaling group "{name}": {where}; say which with --profile')
    return found[0]


async def _group(session: Session, name: str) -> Group | AwsError:
    try:
        return await find_group(session, await session.region(), name)
    except AwsError as error:
        return error


async def accounts_of(logins: Logins, names: Sequence[str | None]) -> set[str]:
    """The accounts of these logins. Raises `AwsError`."""
    return set(await asyncio.gather(*(logins.of(name).account() for name in names)))
