"""A session on an instance by one of its doors: what is done before it and after it, and how it ended."""

import asyncio
import os
import shlex
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import msgspec

from nixtui.aws.errors import AwsError
from nixtui.aws.instances import Instance
from nixtui.aws.logins import by_profile
from nixtui.aws.pushed_key import SERIAL_FINGERPRINTS, SERVICE, push_key, push_serial_key, serial_host, serial_user
from nixtui.aws.session import Session
from nixtui.aws.session_manager import (
    PLUGIN,
    Opened,
    is_open,
    plugin_words,
    start_parameters,
    start_session,
    terminate_session,
)
from nixtui.instances.doors import Door
from nixtui.operations.narrator import Narrator
from nixtui.operations.operation import Cancelled, Job, Run
from nixtui.operations.plan import Plan, Step, Target
from nixtui.operations.report import Outcome, Report, TargetReport
from nixtui.remote.destination import Destination
from nixtui.remote.fleeting_key import FleetingKey, private_folder, through_agent
from nixtui.remote.settings import SshSettings
from nixtui.remote.shell import NoShell, config_words, in_foreground, leave_screens, ssh_words
from nixtui.remote.witness import HostKey

NOT_REACHED: Final = 255
"""What ssh ends with when there was no session, or its link broke."""

_MADE_THEN: Final = "(made when it begins)"
_AGENT: Final = "(nixtui itself)"
_PLUGINS_KEYS: Final = (signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP)
"""It leaves the terminal its signals and passes them on itself; ssh turns them off."""


class Lost(Exception):
    """A session that ended and was not left: its link, or its program. `status` is that of the program."""

    def __init__(self, reason: str, remedy: str, status: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy
        self.status = status


class Stage:
    """Whether the session has the terminal now: then Ctrl-C is its own."""

    def __init__(self) -> None:
        self.is_taken = False

    async def __call__(
        self, words: Sequence[str], environ: Mapping[str, str], its_signals: Sequence[signal.Signals] = (signal.SIGINT,)
    ) -> int:
        """Give it away until the program has ended; its exit status."""
        self.is_taken = True
        try:
            return await in_foreground(words, environ, its_signals=its_signals)
        finally:
            self.is_taken = False


@dataclass(frozen=True, slots=True)
class Passage:
    """A way in that is ready to be gone. `by` is the program whose exit status is told."""

    door: Door
    steps: tuple[Step, ...]
    go: Callable[[Narrator, Stage], Awaitable[int]]
    by: str = "ssh"
    warnings: tuple[str, ...] = ()
    if_refused: str | None = None


def plan_connect(instance: Instance, passage: Passage) -> Plan:
    """The plan of one session."""
    target = Target(
        name=instance.name,
        before=instance.state,
        after=passage.door.name,
        warnings=(*((passage.door.doubt,) if passage.door.doubt else ()), *passage.warnings),
        facts={"instance": instance.identity, "region": instance.region},
    )
    title = f"A session on {instance.name} ({instance.identity}) by {passage.door.name}"
    return Plan(kind="instance-connect", title=title, targets=(target,), steps=passage.steps)


def connect_job(plan: Plan, passage: Passage, stage: Stage) -> Job:
    """The session as an operation: its end is recorded, and what is said in it is not."""

    async def job(run: Run) -> Report:
        (row,) = plan.targets
        tell, began = Narrator(run, row.name), run.clock()
        report = TargetReport(name=row.name, outcome=Outcome.COMMITTED, before=row.before, after=row.after)
        interrupted = False
        try:
            status = await run.unless_cancelled(passage.go(tell, stage))
        except Cancelled:
            interrupted = True
            report = msgspec.structs.replace(report, outcome=Outcome.FAILED, detail="nixtui was told to end it")
        except AwsError as error:
            tell.end(False, error.reason)
            outcome = Outcome.UNREACHABLE if error.may_pass else Outcome.FAILED
            report = msgspec.structs.replace(report, outcome=outcome, detail=error.reason, remedy=error.remedy)
        except (NoShell, OSError) as error:
            tell.end(False, str(error))
            report = msgspec.structs.replace(report, outcome=Outcome.FAILED, detail=str(error))
        except Lost as error:
            report = msgspec.structs.replace(
                report,
                outcome=Outcome.UNREACHABLE,
                detail=error.reason,
                remedy=error.remedy,
                exit_code=error.status or None,  # a plugin whose link is cut ends with 0
            )
        else:
            report = _ended(report, passage, status)
        report = msgspec.structs.replace(report, seconds=run.clock() - began)
        return Report(operation=run.operation, outcome=report.outcome, targets=(report,), interrupted=interrupted)

    return job


def _ended(report: TargetReport, passage: Passage, status: int) -> TargetReport:
    report = msgspec.structs.replace(report, exit_code=status)
    if passage.by == "ssh" and status == NOT_REACHED:
        leave_screens()
        return msgspec.structs.replace(
            report,
            outcome=Outcome.UNREACHABLE,
            detail="ssh ended with 255: nobody was let in, or the link was lost",
            remedy=passage.if_refused,
        )
    return msgspec.structs.replace(report, detail=f"exit {status}") if status else report


# The doors


def by_ssh(door: Door, words: Sequence[str], environ: Mapping[str, str]) -> Passage:
    """The real ssh, as nixtui goes itself."""

    async def go(_: Narrator, stage: Stage) -> int:
        return await stage(words, environ)

    return Passage(door, (Step("open it", (shlex.join(words),)),), go)


def by_pushed_key(
    door: Door,
    session: Session,
    instance: Instance,
    way: tuple[Destination, Sequence[Destination]],
    settings: SshSettings,
    environ: Mapping[str, str],
    vouched: HostKey | None = None,
) -> Passage:
    """A key that lives for a minute, and ssh with it. `vouched` is the key that the host's own console shows."""
    destination, hops = way
    user, region, identity = destination.user, instance.region, instance.identity

    async def go(tell: Narrator, stage: Stage) -> int:
        with private_folder() as folder:
            pin = folder / "known_hosts"
            if vouched is not None:
                pin.write_text(f"{vouched.known_as} {vouched.kind} {vouched.encoded}\n", encoding="ascii")
            known = (*destination.known_hosts, pin) if vouched is not None else destination.known_hosts
            words = ssh_words(replace(destination, known_hosts=known), hops, settings)
            key = FleetingKey()
            async with key.agent(folder / "agent"):
                tell.begin("SendSSHPublicKey")
                await push_key(session, region, identity, user, key.public)
                tell.end(True)
                return await stage(through_agent(words, str(folder / "agent")), environ)

    shown = through_agent(ssh_words(destination, hops, settings), _AGENT)
    call = _call(SERVICE, "SendSSHPublicKey", region, InstanceId=identity, InstanceOSUser=user, SSHPublicKey=_MADE_THEN)
    vouches = (f"its host key {vouched.fingerprint} is not known yet; its console shows the same",) if vouched else ()
    return Passage(
        door,
        (Step("let a new key in for 60 s, that exists in nixtui's memory only", (call,)), _opening(shown)),
        go,
        warnings=vouches,
        if_refused="the image has to ask EC2 Instance Connect for keys (AuthorizedKeysCommand); see the other doors: "
        f"nixtui instance doors {identity} --region {region}",
    )


def by_serial(
    door: Door, session: Session, instance: Instance, settings: SshSettings, environ: Mapping[str, str]
) -> Passage:
    """The serial console of a Nitro instance. Its host key is AWS's own: ssh asks whether it is known, and never we."""
    region, identity = instance.region, instance.identity
    words = _serial_words(instance, settings)

    async def go(tell: Narrator, stage: Stage) -> int:
        with private_folder() as folder:
            key = FleetingKey()
            async with key.agent(folder / "agent"):
                tell.begin("SendSerialConsoleSSHPublicKey")
                await push_serial_key(session, region, identity, key.public)
                tell.end(True)
                tell.note(f"AWS publishes the fingerprint of {serial_host(region)} at {SERIAL_FINGERPRINTS}")
                tell.note("enter shows the login; enter ~ . leaves")
                return await stage(through_agent(words, str(folder / "agent")), environ)

    call = _call(
        SERVICE, "SendSerialConsoleSSHPublicKey", region, InstanceId=identity, SerialPort=0, SSHPublicKey=_MADE_THEN
    )
    opening = _opening(through_agent(words, _AGENT))
    return Passage(
        door,
        (Step("let a new key in for 60 s, that exists in nixtui's memory only", (call,)), opening),
        go,
        warnings=(f"compare the fingerprint that ssh shows with {SERIAL_FINGERPRINTS}",),
    )


def _serial_words(instance: Instance, settings: SshSettings) -> list[str]:
    options = {"StrictHostKeyChecking": "ask", "ConnectTimeout": str(max(1, round(settings.connect_timeout)))}
    if settings.known_hosts:
        options["UserKnownHostsFile"] = " ".join(f'"{path}"' for path in settings.known_hosts)
    words = ["ssh", *config_words(settings)]
    words += [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
    return [*words, "-l", serial_user(instance.identity), "--", serial_host(instance.region)]


def by_session_manager(
    door: Door, session: Session, instance: Instance, plugin: str, environ: Mapping[str, str], reason: str | None
) -> Passage:
    """A shell by the SSM agent, through AWS's plugin; ended at AWS as well when it has ended here."""
    region = instance.region
    parameters = start_parameters(instance.identity, reason)

    async def go(tell: Narrator, stage: Stage) -> int:
        tell.begin("StartSession")
        starting = asyncio.ensure_future(start_session(session, region, parameters, plugin, environ))
        try:
            opened = await asyncio.shield(starting)
        except asyncio.CancelledError:
            await _terminate_late(starting, session, region)
            raise
        tell.end(True, opened.identity)
        tell.note(f"should its link be cut and nothing be answered: kill {os.getpid()}, elsewhere, ends it")
        try:
            status = await stage(opened.words, opened.environ, _PLUGINS_KEYS)
        except BaseException:
            await asyncio.shield(terminate_session(session, region, opened.identity))
            raise
        await asyncio.shield(_see_out(session, instance, opened.identity, status))
        return status

    shown = plugin_words(plugin, region, session.profile, parameters, "(the endpoint of ssm)")
    return Passage(
        door,
        (
            Step("have its agent begin a session", (_call("ssm", "StartSession", region, **parameters),)),
            _opening(shown),
            Step(
                "look whether it was left, and end it",
                tuple(
                    _call("ssm", action, region, SessionId="(of that session)")
                    for action in ("DescribeSessions", "TerminateSession")
                ),
            ),
        ),
        go,
        by="session-manager-plugin",
    )


async def _see_out(session: Session, instance: Instance, identity: str, status: int) -> None:
    """End it at AWS; `Lost` where nobody had left it. The plugin itself ends with 0 when its link is cut."""
    region = instance.region
    killed = _signal_of(status)
    how = f"{PLUGIN} was ended by {killed}" if killed else f"{PLUGIN} ended and nobody had left the session"
    try:
        was_open = await is_open(session, region, identity)
    except AwsError:
        leave_screens()
        where = f"{region}{by_profile(session.profile)}"
        raise Lost(
            f"the link was lost: {how}, and AWS is not reached any more; {identity} ends there when it is idle",
            f"look at the network; to end it: aws ssm terminate-session --session-id {identity} --region {where}",
            status,
        ) from None
    trouble = await terminate_session(session, region, identity)
    if not killed and not was_open:
        return
    leave_screens()
    ended = f"it could not be ended at AWS ({trouble.reason})" if trouble else "it was ended at AWS"
    raise Lost(
        f"{'' if killed else 'the link was lost: '}{how}; {ended}, and with it what ran in it",
        f"the same command begins another session; the other doors: nixtui instance doors {instance.identity}",
        status,
    )


def _signal_of(status: int) -> str:
    """The signal that an exit status stands for, empty for none."""
    try:
        return signal.Signals(status - 128).name if status > 128 else ""
    except ValueError:
        return ""


async def _terminate_late(starting: "asyncio.Future[Opened]", session: Session, region: str) -> None:
    """The call goes on in its thread: what it began must not stay open."""
    try:
        opened = await starting
    except AwsError:
        return
    await terminate_session(session, region, opened.identity)


def _opening(words: Sequence[str]) -> Step:
    return Step("open it", (shlex.join(words),))


def _call(service: str, action: str, region: str, **parameters: Any) -> str:
    shown = " ".join(f"{key}={value}" for key, value in parameters.items())
    return f"{service}:{action} in {region} {shown}"
