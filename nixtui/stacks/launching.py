"""Starting one host of a stack, once, however often and by whomever it is tried.

EC2 answers a client token that it has seen with the instance that it made then, and keeps it for a day or more after
that one was terminated. So tokens are numbered, and everybody counts from the first: who is killed, or not alone, comes
by the same number, and only where its instance is gone does the next one count.
"""

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from nixtui.aws.errors import AwsError, Kind, iam_statement
from nixtui.aws.session import Session, jittered
from nixtui.instances.launching import parameters
from nixtui.stacks.members import Member, Stack, find_member, with_token
from nixtui.stacks.wanted import Wanted

_MOST_NUMBERS: Final = 100
_LOOKS: Final = 7
"""Looks at an instance that EC2 has just made and does not show yet: five to ten seconds, where it takes one or two."""

_SHOWN_S: Final = 1800.0
"""EC2 shows a terminated instance for about an hour. One that is younger than this and not shown is a new one."""

_BY_SOMEBODY: Final = "Client.User"
"""How the codes of EC2's reasons begin where somebody ended an instance, rather than EC2, or an instance itself."""


@dataclass(frozen=True, slots=True)
class Launched:
    """What there is now. `found` is whether somebody else had it made, with settings of their own."""

    member: Member
    found: bool = False


async def launch(
    session: Session, stack: Stack, wanted: Wanted, gone: Iterable[Member], *, clock: Callable[[], float] = time.time
) -> Launched:
    """The one instance of this host. `gone` are those that were it before. Raises `AwsError`."""
    dead = {each.identity for each in gone}
    used = {each.token for each in gone}
    for number in range(_MOST_NUMBERS):
        asked = parameters(wanted.numbered(stack, number))
        token = str(asked["ClientToken"])
        if token in used:
            continue
        try:
            answer = await session.call("ec2", "RunInstances", stack.region, **asked)
        except AwsError as error:
            if error.code == "IdempotentInstanceTerminated":
                continue
            if error.code != "IdempotentParameterMismatch":
                raise _as_told(error, wanted) from error
            if (theirs := await _theirs(session, stack, token)) is not None:
                return Launched(theirs, found=True)
            continue
        made = answer["Instances"][0]
        if str(made["InstanceId"]) in dead:
            continue
        age = clock() - made["LaunchTime"].timestamp()
        if (member := await _first_look(session, stack, str(made["InstanceId"]), age)) is not None:
            return Launched(member)
    raise AwsError(
        f"{wanted.called} was made and terminated {_MOST_NUMBERS} times within a day", "wait, or give it another name"
    )


async def may_launch(session: Session, stack: Stack, wanted: Wanted) -> AwsError | None:
    """Why EC2 would not start it, as it tells without doing it; `None` where nothing speaks against it. No token is
    used up. Raises `AwsError` without a login.
    """
    asked = parameters(wanted.numbered(stack, 0))
    del asked["ClientToken"]
    try:
        await session.call("ec2", "RunInstances", stack.region, DryRun=True, **asked)
    except AwsError as error:
        if error.kind is Kind.EXPIRED:
            raise
        if error.code == "DryRunOperation" or error.may_pass:
            return None
        return _as_told(error, wanted)
    return None


def _as_told(error: AwsError, wanted: Wanted) -> AwsError:
    """Tags at launch take a right of their own, and so does handing an instance its role."""
    if error.kind is not Kind.DENIED or error.statement is None:
        return error
    actions = ["ec2:RunInstances", "ec2:CreateTags"]
    actions += ["iam:PassRole"] if wanted.section.instance_profile else []
    statement = iam_statement(*actions)
    remedy = f"add to their policy: {statement}"
    return AwsError(error.reason, remedy, kind=error.kind, code=error.code, statement=statement)


async def _first_look(session: Session, stack: Stack, identity: str, age: float) -> Member | None:
    """The instance, as soon as EC2 shows it; `None` for one that somebody terminated: an old answer to an old token.

    One that ended by itself is the answer as well, or one after the other would be started in vain.
    """
    for attempt in range(1, _LOOKS + 1):
        member = await find_member(session, stack.region, identity)
        if member is not None:
            ended = member.is_gone and (member.code or _BY_SOMEBODY).startswith(_BY_SOMEBODY)
            return None if ended else member
        await asyncio.sleep(jittered(attempt, longest=3.0))
    if age > _SHOWN_S:
        return None
    raise AwsError(
        f"{identity} was made and EC2 does not show it yet", "the same command finds it later", kind=Kind.UNREACHABLE
    )


async def _theirs(session: Session, stack: Stack, token: str) -> Member | None:
    """What was made with this token and other settings; `None` where that is gone."""
    for attempt in range(1, _LOOKS + 1):
        found = await with_token(session, stack.region, token)
        alive = [each for each in found if not each.is_gone]
        if alive or found:
            return next(iter(alive), None)
        await asyncio.sleep(jittered(attempt, longest=3.0))
    return None
