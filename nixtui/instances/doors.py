"""The ways into an instance that SSH cannot reach, in the order in which they can work, with the reason for each not.

Facts: EC2 Instance Connect puts a key for 60 seconds where the image asks for it, which NixOS images do not by default;
Session Manager needs the agent, which NixOS images for EC2 have, and an instance profile; the serial console and the
newest console output are there on Nitro only, and a login there needs a password.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from nixtui.aws.errors import AwsError
from nixtui.aws.instances import Instance
from nixtui.aws.logins import by_profile
from nixtui.aws.session import Session

SSH, BASTION, AGENT, PUSHED_KEY, SERIAL = (
    "SSH", "bastion", "Session Manager", "EC2 Instance Connect", "serial console",
)  # fmt: skip

OPENED: Mapping[str, str] = {
    "ssh": SSH,
    "session-manager": AGENT,
    "instance-connect": PUSHED_KEY,
    "bastion": BASTION,
    "serial": SERIAL,
}
"""What `nixtui instance connect --door` calls those that it opens, in the order in which it tries them."""

CONSOLE_OUTPUT = "console output"
NOTHING_BEHIND = "the instances of the demo exist in its memory only: there is nothing to connect to"
NOT_ASKED = "only where the image asks EC2 Instance Connect for keys, which NixOS does not by default"


@dataclass(frozen=True, slots=True)
class Door:
    """One way. `closed` is why it cannot work, `None` where nothing speaks against it; `doubt` what may still."""

    name: str
    words: str
    closed: str | None = None
    doubt: str | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """What was found out about an instance. `None` where it could not be asked, with the reason in `unseen`."""

    agent: str | None = None
    nitro: bool | None = None
    serial: bool | None = None
    plugin: bool = False
    unseen: Mapping[str, str] | None = None


async def look(session: Session, instance: Instance, *, plugin: bool) -> Seen:
    """Ask what decides about the doors; `plugin` says whether the Session Manager plugin is here."""
    region = instance.region
    unseen: dict[str, str] = {}

    async def agent() -> str | None:
        filters = [{"Key": "InstanceIds", "Values": [instance.identity]}]
        answer = await session.call("ssm", "DescribeInstanceInformation", region, Filters=filters)
        listed = answer.get("InstanceInformationList", ())
        return str(listed[0].get("PingStatus", "unknown")) if listed else "never registered"

    async def nitro() -> bool | None:
        if instance.kind is None:
            return None
        answer = await session.call("ec2", "DescribeInstanceTypes", region, InstanceTypes=[instance.kind])
        return str(answer["InstanceTypes"][0].get("Hypervisor", "nitro")) == "nitro"  # metal has no hypervisor

    async def serial() -> bool | None:
        answer = await session.call("ec2", "GetSerialConsoleAccessStatus", region)
        return bool(answer["SerialConsoleAccessEnabled"])

    told = await asyncio.gather(agent(), nitro(), serial(), return_exceptions=True)
    for what, answer in zip(("agent", "nitro", "serial"), told, strict=True):
        if isinstance(answer, AwsError):
            unseen[what] = answer.reason
        elif isinstance(answer, BaseException):
            raise answer
    seen = [None if isinstance(each, BaseException) else each for each in told]
    ping, on_nitro, enabled = seen
    return Seen(
        agent=ping if isinstance(ping, str) else None,
        nitro=on_nitro if isinstance(on_nitro, bool) else None,
        serial=enabled if isinstance(enabled, bool) else None,
        plugin=plugin,
        unseen=unseen,
    )


def doors(instance: Instance, seen: Seen) -> tuple[Door, ...]:
    """All doors: those that can work first, each group in the order of how much they let one do."""
    identity, region = instance.identity, f"{instance.region}{by_profile(instance.login)}"
    aws = f"--instance-ids {identity} --region {region}"
    down = None if instance.state == "running" else f"the instance is {instance.state}"
    unseen = seen.unseen or {}
    agent = _agent(seen)
    doubt = unseen.get("agent")
    plugin = None if seen.plugin else "session-manager-plugin is not installed here"
    serial = "serial console access is off for the account in this region" if seen.serial is False else None
    nitro = f"{instance.kind} is not built on Nitro" if seen.nitro is False else None
    address = instance.public_address
    every = (
        Door(AGENT, _connect(instance, "session-manager"), down or agent or plugin, doubt),
        Door("Run Command", f"aws ssm send-command --document-name AWS-RunShellScript {aws}", down or agent, doubt),
        Door(PUSHED_KEY, _connect(instance, "instance-connect"),
             down or (None if address else "it has no public address; an Instance Connect endpoint would be needed"),
             NOT_ASKED),
        Door(BASTION, f"ssh -J BASTION root@{instance.private_address}",
             down or (None if instance.private_address else "it has no private address"),
             "only where a host of that network lets you in and its security groups allow it"),
        Door(SERIAL, _connect(instance, "serial"), down or nitro or serial,
             unseen.get("serial") or "a login needs a password, which NixOS images do not set by default"),
        Door(CONSOLE_OUTPUT, f"nixtui instance console {identity} --region {region}", None,
             "to be read only" if nitro is None else "to be read only, and as of its last change of state"),
        Door("console screenshot", f"nixtui instance console {identity} --region {region} --screenshot FILE.jpg",
             down, "to be seen only"),
    )  # fmt: skip
    return tuple(sorted(every, key=lambda door: door.closed is not None))


def _connect(instance: Instance, word: str) -> str:
    where = f"{instance.region}{by_profile(instance.login)}"
    return f"nixtui instance connect {instance.identity} --region {where} --door {word}"


def _agent(seen: Seen) -> str | None:
    match seen.agent:
        case None | "Online":
            return None
        case "never registered":
            return "its SSM agent never registered; it needs an instance profile and a way to SSM"
        case status:
            return f"its SSM agent is {status}"
