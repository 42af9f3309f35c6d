"""Session Manager: a shell by the SSM agent of an instance, spoken by AWS's own plugin as the AWS CLI starts it.

The plugin takes what StartSession answered by the name of a variable since the version after 1.2.497.0 (the AWS CLI's
`sessionmanager.py` goes by the same). Older ones take the token itself as an argument, where everybody on this machine
reads it: they are not started.
"""

import asyncio
import json
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from nixtui.aws.errors import AwsError, Kind
from nixtui.aws.session import Session

PLUGIN: Final = "session-manager-plugin"
VARIABLE: Final = "AWS_SSM_START_SESSION_RESPONSE"
_LAST_WITHOUT_VARIABLE: Final = (1, 2, 497, 0)
_VERSION: Final = re.compile(r"\d+(\.\d+){0,3}")
_VERSION_LIMIT_S: Final = 10.0
_LOOKS: Final = 3
_BETWEEN_LOOKS_S: Final = 0.5
"""A session that was left in good order is not yet gone from every list of AWS's the moment after."""
_GET_IT: Final = "install it from AWS (in nixpkgs it is ssm-session-manager-plugin)"


class NoPlugin(Exception):
    """There is none that could be started; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A session that waits for its plugin. Its token opens it to whoever has it, and is not shown."""

    identity: str
    words: tuple[str, ...]
    environ: Mapping[str, str] = field(repr=False)


async def check_plugin(environ: Mapping[str, str]) -> str:
    """Where a plugin is that takes the token by a variable. Raises `NoPlugin`."""
    found = shutil.which(PLUGIN, path=environ.get("PATH", os.defpath))
    if found is None:
        raise NoPlugin(f"{PLUGIN} is not installed here; {_GET_IT}")
    try:
        process = await asyncio.create_subprocess_exec(
            found,
            "--version",
            env=dict(environ),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except OSError as error:
        raise NoPlugin(f"{found} cannot be started: {error.strerror}; {_GET_IT}") from error
    try:
        async with asyncio.timeout(_VERSION_LIMIT_S):
            said, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        raise NoPlugin(f"{found} does not say which version it is; {_GET_IT}") from None
    text = said.decode(errors="replace").strip()[:40]
    if not _VERSION.fullmatch(text):
        raise NoPlugin(f"{found} does not say which version it is; {_GET_IT}")
    version = tuple(int(part) for part in text.split("."))
    if version + (0,) * (4 - len(version)) <= _LAST_WITHOUT_VARIABLE:
        raise NoPlugin(
            f"{PLUGIN} {text} takes the session's token as an argument, where everybody on this machine reads it; "
            "install one that is newer than 1.2.497.0"
        )
    return found


def start_parameters(instance: str, reason: str | None) -> dict[str, str]:
    """What StartSession is asked with: the account's own kind of session, a shell unless it says otherwise."""
    return {"Target": instance} | ({"Reason": " ".join(reason.split())[:256]} if reason and reason.strip() else {})


def plugin_words(
    plugin: str, region: str, profile: str | None, parameters: Mapping[str, str], endpoint: str
) -> list[str]:
    """Its argument list, as the AWS CLI has it."""
    return [plugin, VARIABLE, region, "StartSession", profile or "", json.dumps(dict(parameters)), endpoint]


async def start_session(
    session: Session, region: str, parameters: Mapping[str, str], plugin: str, environ: Mapping[str, str]
) -> Opened:
    """Have the agent begin. Raises `AwsError`."""
    answer = await session.call("ssm", "StartSession", region, **parameters)
    endpoint = await session.thread(lambda: str(session.client("ssm", region).meta.endpoint_url))
    told = json.dumps({name: str(answer[name]) for name in ("SessionId", "TokenValue", "StreamUrl")})
    words = plugin_words(plugin, region, session.profile, parameters, endpoint)
    return Opened(str(answer["SessionId"]), tuple(words), {**environ, VARIABLE: told})


async def is_open(session: Session, region: str, identity: str) -> bool | None:
    """Whether AWS has it among those that are open, a moment after its plugin ended; `None` where it does not tell.

    Raises `AwsError` where AWS cannot be reached.
    """
    asked = {"State": "Active", "Filters": [{"key": "SessionId", "value": identity}]}
    for attempt in range(1, _LOOKS + 1):
        try:
            answer = await session.call_once("ssm", "DescribeSessions", region, **asked)
        except AwsError as error:
            if error.kind is Kind.UNREACHABLE:
                raise
            return None
        if not answer.get("Sessions"):
            return False
        if attempt < _LOOKS:
            await asyncio.sleep(_BETWEEN_LOOKS_S)
    return True


async def terminate_session(session: Session, region: str, identity: str) -> AwsError | None:
    """End it at AWS as well, whatever the plugin did; why that could not be told. It ends by itself when it is idle."""
    try:
        await session.call_once("ssm", "TerminateSession", region, SessionId=identity)
    except AwsError as error:
        return error
    return None
