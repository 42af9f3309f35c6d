"""What EC2 knows of the fleet's instances, asked beside what hosts say themselves."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from nixtui.cli.output import rfc3339
from nixtui.model.host import Host
from nixtui.model.machine import Machine
from nixtui.remote.witness import HostKey, Testimony

if TYPE_CHECKING:
    from nixtui.aws.session import Session
    from nixtui.cli.assembly import Assembly
    from nixtui.instances.console_witness import ConsoleWitness
    from nixtui.instances.run_command import SsmTransport
    from nixtui.remote.errors import RemoteError
    from nixtui.remote.transport import Transport
    from nixtui.remote.witness import Witness

LIMIT_S = 20.0
"""Whoever asks how hosts are waits no longer for what EC2 adds to it."""


class Ec2Knowledge:
    """One login for all that is asked about hosts of the fleet."""

    def __init__(self, nixtui: Assembly) -> None:
        self._nixtui = nixtui
        self._transports: dict[str, SsmTransport] = {}

    @cached_property
    def session(self) -> Session:
        """The login of `[ec2]`, opened when it is first needed."""
        from nixtui.aws.session import Session

        environ, ec2 = self._nixtui.surroundings.environ, self._nixtui.configuration.ec2
        profile = environ.get("AWS_PROFILE") or (ec2.profile if ec2 is not None else None)
        region = ec2.regions[0] if ec2 is not None and ec2.regions else None
        return Session(environ, profile=profile, region=region)

    @cached_property
    def witness(self) -> Witness:
        """Who is asked about host keys that known_hosts does not have."""
        return _Console(self)

    def transport(self, host: Host) -> Transport:
        """What brings scripts to an instance by its SSM agent. Raises `Unreachable` where it is none."""
        from nixtui.instances.run_command import SsmTransport

        known = self._transports.get(host.name)
        if known is None or known.host != host:
            known = self._transports[host.name] = SsmTransport(host, self.session)
        return known

    def leave(self, host: Host) -> None:
        """Have whoever listens to a host by its agent connect anew."""
        if (known := self._transports.pop(host.name, None)) is not None:
            known.hang_up()

    @staticmethod
    def with_other_ways(host: Host, error: RemoteError) -> RemoteError:
        """The same error with the ways that are left into an instance. None of them is gone unless a person says so."""
        instance = host.instance.identity if host.instance else ""
        ways = (
            f"other ways in: nixtui instance doors {instance}; by its SSM agent: nixtui --via ssm …, or A on its page"
        )
        return type(error)(error.host, error.reason, f"{error.remedy}; {ways}" if error.remedy else ways)

    async def machines(
        self, hosts: Sequence[Host], *, limit_s: float = LIMIT_S
    ) -> tuple[Sequence[Machine], Sequence[str]]:
        """What EC2 knows of these hosts, and what it did not tell. Nothing is asked where none is an instance."""
        if not any(host.instance for host in hosts):
            return (), ()
        from nixtui.instances.machines import machines, survey_hosts, troubles

        try:
            async with asyncio.timeout(limit_s):
                found = await survey_hosts(self.session, hosts)
        except TimeoutError:
            return (), (f"ec2: it has not said within {limit_s:g} s what it knows of these hosts",)
        return machines(found), troubles(found.problems)

    async def close(self) -> None:
        """Take no more calls."""
        if "session" in self.__dict__:
            await self.session.__aexit__(None, None, None)


class _Console:
    """The consoles of instances; what speaks to AWS is imported when the first is asked for."""

    def __init__(self, ec2: Ec2Knowledge) -> None:
        self._ec2 = ec2

    @cached_property
    def _witness(self) -> ConsoleWitness:
        from nixtui.instances.console_witness import ConsoleWitness

        return ConsoleWitness(lambda: self._ec2.session)

    async def testify(self, host: Host, key: HostKey) -> Testimony | None:
        """What the console of the instance says; nobody else is asked."""
        return None if host.instance is None else await self._witness.testify(host, key)


def machine_json(host: Host, machine: Machine | None, current_system: str | None) -> Mapping[str, Any] | None:
    """What EC2 knows of a host as scripts get it, `null` for what is no instance; the keys are a contract."""
    if host.instance is None:
        return None
    told = machine or Machine(instance=host.instance, state="unknown")
    return {
        "instance_id": told.instance.identity,
        "region": told.instance.region,
        "zone": told.zone,
        "type": told.kind,
        "state": None if machine is None else told.state,
        "system_check": told.system_check,
        "instance_check": told.instance_check,
        "events": list(told.events),
        "created_at": rfc3339(told.created_at),
        "image_id": told.image,
        "image_name": told.image_name,
        "image_registered": told.image_registered,
        "image_system": told.image_system,
        "launch_template": told.template,
        "launch_template_version": told.template_version,
        "group": told.group,
        "group_template_version": told.group_template_version,
        "group_image_id": told.group_image,
        "group_image_name": told.group_image_name,
        "group_system": told.group_system,
        "replacement": told.replacement(current_system),
    }


def words_of(machine: Machine, current_system: str | None) -> Iterator[str]:
    """What of it somebody should know who looks at the host."""
    if machine.state != "running":
        yield f"EC2 says it is {machine.state}"
    yield from machine.failed_checks
    yield from machine.events
    replacement = machine.replacement(current_system)
    if replacement is not None:
        yield replacement
