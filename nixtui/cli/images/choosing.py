"""Which images are meant, by their ids, and by which login each is seen."""

import asyncio
from collections.abc import Sequence

import msgspec

from nixtui.aws.errors import AwsError, Kind
from nixtui.aws.logins import Logins
from nixtui.aws.session import Session
from nixtui.cli.exits import UsageError
from nixtui.images.catalogue import find_image
from nixtui.model.image import Image


async def choose_images(
    logins: Logins, identities: Sequence[str], region: str | None = None, *, owned: bool = False
) -> list[Image]:
    """The images of these ids in `region`, else in each login's own.

    One that logins of two accounts see (it is shared, or public) is refused: what is made of it would be in either.
    What is `owned` is changed itself, which its owner alone may do. Raises `UsageError` and `AwsError`.
    """
    return [await choose_image(logins, each, region, owned=owned) for each in dict.fromkeys(identities)]


async def choose_image(logins: Logins, identity: str, region: str | None = None, *, owned: bool = False) -> Image:
    """One of them."""
    if not logins.several:
        return await find_image(logins.only, identity, region or await logins.only.region())
    answers = await asyncio.gather(*(_seen(session, identity, region) for session in logins.sessions))
    seen = [each for each in answers if isinstance(each, Image)]
    problems = [each for each in answers if isinstance(each, AwsError)]
    own = [each for each in seen if owned and each.account == each.owner]
    if own:
        return own[0]
    silent = next((each for each in problems if each.kind is not Kind.NOT_FOUND), None)
    if silent is not None:
        raise or_name_one(silent, logins)
    if not seen:
        raise problems[0]
    if len({each.account for each in seen}) > 1:
        where = ", ".join(f"{each.login} ({each.account})" for each in seen)
        raise UsageError(f'"{identity}" is seen by several logins: {where}; say which with --profile')
    return seen[0]


async def _seen(session: Session, identity: str, region: str | None) -> Image | AwsError:
    try:
        image = await find_image(session, identity, region or await session.region())
        return msgspec.structs.replace(image, account=await session.account())
    except AwsError as error:
        return error


async def choose_snapshot(logins: Logins, identity: str) -> tuple[Session, str]:
    """The login whose account has the snapshot of this id, and the region that this is about.

    A login that is the only one is not asked. Raises `AwsError`.
    """
    if not logins.several:
        return logins.only, await logins.only.region()
    answers = await asyncio.gather(*(_has(session, identity) for session in logins.sessions))
    for session, answer in zip(logins.sessions, answers, strict=True):
        if answer is True:
            return session, await session.region()
    silent = next((each for each in answers if isinstance(each, AwsError)), None)
    if silent is not None:
        raise or_name_one(silent, logins)
    raise AwsError(
        f"none of the logins {', '.join(logins.several)} has {identity} where they look",
        "check its id and the region, or name the login that has it: --profile NAME",
        kind=Kind.NOT_FOUND,
    )


async def _has(session: Session, identity: str) -> bool | AwsError:
    """By a filter: naming one that is not there would be an error."""
    by_id = [{"Name": "snapshot-id", "Values": [identity]}]
    try:
        region = await session.region()
        found = await session.pages("ec2", "DescribeSnapshots", region, "Snapshots", OwnerIds=["self"], Filters=by_id)
    except AwsError as error:
        return error
    return bool(found)


def or_name_one(error: AwsError, logins: Logins) -> AwsError:
    """Where one of several logins does not tell, naming the one that is meant helps as well."""
    if not logins.several or error.login is None:
        return error
    remedy = f"{error.remedy}; or name the login that is meant: --profile NAME" if error.remedy else None
    reason = f"login {error.login}: {error.reason}"
    told = AwsError(reason, remedy, kind=error.kind, code=error.code, statement=error.statement)
    told.login, told.is_of_login = error.login, error.is_of_login
    return told
