"""Which instances and groups are meant, and in which regions."""

import asyncio
from argparse import Namespace
from collections.abc import Mapping, Sequence

from nixtui.aws.errors import AwsError
from nixtui.aws.logins import Logins, in_short
from nixtui.aws.session import ByLogin, Session
from nixtui.cli.assembly import Assembly
from nixtui.cli.exits import UsageError
from nixtui.cli.images.choosing import or_name_one
from nixtui.cli.images.login import regions_of
from nixtui.cli.output import narrate, plain
from nixtui.instances.refreshing import find_group
from nixtui.instances.standing import Group, Standing, Survey, list_groups, survey_all


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
    (group,) = await choose_groups(logins, [name])
    return group


async def choose_groups(logins: Logins, names: Sequence[str]) -> list[Group]:
    """The auto scaling groups of these names, in their order, all of one login.

    Raises `UsageError` where several logins have them, or none has them all, and `AwsError`.
    """
    answers = await asyncio.gather(*(_groups(session, names) for session in logins.sessions))
    silent = next((each for each in answers if isinstance(each, AwsError)), None)
    if silent is not None:
        raise or_name_one(silent, logins)
    found = [each for each in answers if not isinstance(each, AwsError)]
    having = [each for each in found if all(name in each for name in names)]
    if not having:
        for name in names:
            if not any(name in each for each in found):
                await find_group(logins.sessions[0], await logins.sessions[0].region(), name)
        whose = ", ".join(f"{name} is {_logins([each[name] for each in found if name in each])}'s" for name in names)
        raise UsageError(f"these auto scaling groups are not of one login: {whose}")
    chosen = [each[names[0]] for each in having]
    if len(having) > 1 and len(await accounts_of(logins, [group.login for group in chosen])) > 1:
        raise UsageError(
            f'several logins have an auto scaling group "{names[0]}": {_logins(chosen)}; say which with --profile'
        )
    return [having[0][name] for name in names]


def _logins(groups: Sequence[Group]) -> str:
    return ", ".join(str(each.login) for each in groups)


async def _groups(session: Session, names: Sequence[str]) -> Mapping[str, Group] | AwsError:
    try:
        found = await list_groups(session, await session.region(), list(dict.fromkeys(names)))
    except AwsError as error:
        return error
    return {group.name: group for group in found}


async def accounts_of(logins: Logins, names: Sequence[str | None]) -> set[str]:
    """The accounts of these logins. Raises `AwsError`."""
    return set(await asyncio.gather(*(logins.of(name).account() for name in names)))
