"""SSM Run Command: a shell script on an instance, brought by its agent and without a connection to it.

AWS keeps the script and what it printed for 30 days, where everybody reads it who may call GetCommandInvocation.
"""

import asyncio
from contextlib import suppress
from typing import Any, Final

import msgspec

from nixtui.aws.errors import AwsError
from nixtui.aws.session import Session

DOCUMENT: Final = "AWS-RunShellScript"
MOST_OUTPUT: Final = 24_000
"""Characters of standard output that GetCommandInvocation tells (botocore's model of ssm 2014-11-06)."""

MOST_SCRIPT_BYTES: Final = 60_000
"""A document with its parameters has 64 KB (MaxDocumentSizeExceeded); the rest is for what stands around the script."""

_DELIVERY_S: Final = 30
"""The least that SendCommand takes: what was not begun by then never is, so nothing happens after we gave up."""

_LATE_S: Final = 15
"""How late AWS may be in telling that a command ran out of time."""

_TAKE_BACK_S: Final = 5.0

_LOOK_AFTER_S: Final = (0.15, 0.15, 0.25, 0.4, 0.6, 0.8)
_LOOK_EVERY_S: Final = 1.0
_ENDED: Final = frozenset({"Success", "Failed", "Cancelled", "TimedOut"})


class Ran(msgspec.Struct, frozen=True):
    """How a command ended. `status` is AWS's (`Success`, `Delivery Timed Out`, …); of `stdout` there may have been
    more than `MOST_OUTPUT` characters.
    """

    status: str
    exit_code: int
    stdout: str
    stderr: str

    @property
    def has_run(self) -> bool:
        """The script ran to its end, well or not."""
        return self.status in ("Success", "Failed")


async def run_command(session: Session, region: str, instance: str, script: str, *, limit_s: int, why: str) -> Ran:
    """Run a script and wait until it has ended. Raises `AwsError`; cancelling also takes it back at AWS.

    `limit_s` is how long it may run once it has begun; `why` is shown in AWS's history.
    """
    sending = asyncio.ensure_future(
        session.call(
            "ssm",
            "SendCommand",
            region,
            InstanceIds=[instance],
            DocumentName=DOCUMENT,
            Parameters={"commands": [script], "executionTimeout": [str(limit_s)]},
            TimeoutSeconds=_DELIVERY_S,
            Comment=why[:100],
        )
    )
    try:
        command = _command(await asyncio.shield(sending))
        async with asyncio.timeout(_DELIVERY_S + limit_s + _LATE_S):
            return await _ended(session, region, instance, command)
    except TimeoutError:
        return Ran("its end was never told", -1, "", "")
    except asyncio.CancelledError:
        # The call that sends it goes on in its thread: what it has sent must not begin after we gave up.
        with suppress(AwsError, TimeoutError):
            async with asyncio.timeout(_TAKE_BACK_S):
                command = _command(await sending)
                await session.call("ssm", "CancelCommand", region, CommandId=command, InstanceIds=[instance])
        raise


def _command(answer: Any) -> str:
    return str(answer["Command"]["CommandId"])


async def _ended(session: Session, region: str, instance: str, command: str) -> Ran:
    looks = 0
    while True:
        await asyncio.sleep(_LOOK_AFTER_S[looks] if looks < len(_LOOK_AFTER_S) else _LOOK_EVERY_S)
        looks += 1
        try:
            told: dict[str, Any] = await session.call(
                "ssm", "GetCommandInvocation", region, CommandId=command, InstanceId=instance
            )
        except AwsError as error:
            if error.code == "InvocationDoesNotExist":  # for a moment after it was sent
                continue
            raise
        if told.get("Status") in _ENDED:
            return Ran(
                str(told.get("StatusDetails") or told["Status"]),
                int(told.get("ResponseCode", -1)),
                str(told.get("StandardOutputContent") or ""),
                str(told.get("StandardErrorContent") or ""),
            )
