"""What EC2 knows of the fleet's instances, asked beside what hosts say themselves."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from nixtui.cli.output import rfc3339
from nixtui.model.host import Host
from nixtui.model.machine import InstanceId, Machine
from nixtui.remote.witness import HostKey, Testimony

if TYPE_CHECKING:
    from nixtui.aws.logins import Logins
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
    """The logins for all that is asked about hosts of the fleet."""

    def __init__(self, nixtui: Assembly) -> None:
        self._nixtui = nixtui
        self._transports: dict[str, SsmTransport] = {}
        self._whose: dict[InstanceId, str | None] = {}

    @cached_property
    def logins(self) -> Logins:
        """The logins of `[ec2]`, each opened when it is first needed."""
        return configured_logins(self._nixtui)

    async def session_of(self, host: Host) -> Session:
        """The login that has the instance of a host: the one that told of it, else the one that knows it when asked.

        Raises `AwsError`.
        """
        from nixtui.aws.errors import AwsError, Kind
        from nixtui.aws.instances import list_instances

        logins, instance = self.logins, host.instance
        if not logins.several or instance is None:
            return logins.only
        login = host.login or self._whose.get(instance)
        if login is not None:
            return logins.of(login)

        async def knows(session: Session) -> bool | AwsError:
            try:
                return bool(await list_instances(session, instance.region, {"instance-id": instance.identity}))
            except AwsError as error:
                return error

        answers = await asyncio.gather(*(knows(session) for session in logins.sessions))
        for session, answer in zip(logins.sessions, answers, strict=True):
            if answer is True:
                self._whose[instance] = session.profile
                return session
        for answer in answers:
            if isinstance(answer, AwsError):
                raise answer
        raise AwsError(
            f"none of the logins {', '.join(logins.several)} knows {instance.identity} in {instance.region}",
            "add its profile to [ec2] profiles, and check ec2 and region of its tags",
            kind=Kind.NOT_FOUND,
        )

    @cached_property
    def witness(self) -> Witness:
        """Who is asked about host keys that known_hosts does not have."""
        return _Console(self)

    async def transport(self, host: Host) -> Transport:
        """What brings scripts to an instance by its SSM agent. Raises `Unreachable` where it is none."""
        from nixtui.aws.errors import AwsError
        from nixtui.instances.run_command import SsmTransport
        from nixtui.remote.errors import Unreachable

        known = self._transports.get(host.name)
        if known is None or known.host != host:
            try:
                session = await self.session_of(host)
            except AwsError as error:
                raise Unreachable(host.name, error.reason, error.remedy) from error
            known = self._transports[host.name] = SsmTransport(host, session)
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
                found = await survey_hosts(self.logins, hosts)
        except TimeoutError:
            return (), (f"ec2: it has not said within {limit_s:g} s what it knows of these hosts",)
        return machines(found), troubles(found.problems, several=bool(self.logins.several))

    async def close(self) -> None:
        """Take no more calls."""
        if "logins" in self.__dict__:
            await self.logins.__aexit__(None, None, None)


def configured_logins(nixtui: Assembly) -> Logins:
    """Those of `AWS_PROFILE`, `[ec2]` or the environment; nothing is asked yet."""
    from nixtui.aws.logins import open_logins

    ec2 = nixtui.configuration.ec2
    return open_logins(
        nixtui.surroundings.environ,
        configured=ec2.logins if ec2 is not None else (),
        region=ec2.regions[0] if ec2 is not None and ec2.regions else None,
    )


class _Console:
    """The consoles of instances; what speaks to AWS is imported when the first is asked for."""

    def __init__(self, ec2: Ec2Knowledge) -> None:
        self._ec2 = ec2

    @cached_property
    def _witness(self) -> ConsoleWitness:
        from nixtui.instances.console_witness import ConsoleWitness

        return ConsoleWitness(self._ec2.session_of)

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
        "profile": told.login,
        "account": told.account,
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
