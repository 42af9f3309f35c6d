"""What a source of hosts is: somebody who knows names and, of some hosts, how they are reached."""

from collections.abc import AsyncIterator, Mapping
from types import MappingProxyType
from typing import Final, Protocol

import msgspec

from nixtui.model.host import Way
from nixtui.model.machine import InstanceId
from nixtui.model.naming import printable, refuse_address, refuse_name, refuse_user, shown_name

STACKS: Final = "stacks"
"""The source of declared stacks, which `[fleet] sources` does not name: they are always asked for their hosts."""


class PartialHost(msgspec.Struct, frozen=True, kw_only=True):
    """What one source knows of a host; `None` leaves it to the sources after it, and at last to the default.

    `reached_at` are addresses and names by which the `instance` may be known to other sources. `login` is the AWS
    profile that knows it.
    """

    name: str
    address: str | None = None
    port: int | None = None
    user: str | None = None
    flake_attr: str | None = None
    tags: Mapping[str, str] = MappingProxyType({})
    instance: InstanceId | None = None
    login: str | None = None
    reached_at: tuple[str, ...] = ()
    transport: Way | None = None


class SourceProblem(msgspec.Struct, frozen=True, kw_only=True):
    """Something a source could not tell, about one `host` or at all; to be shown, the rest of the fleet is fine.

    A `note` is only for information: nothing is wrong. `log` has the lines of a program that say more.
    """

    source: str
    reason: str
    host: str | None = None
    remedy: str | None = None
    note: bool = False
    log: tuple[str, ...] = ()

    def __str__(self) -> str:
        """`flake: web-1: the evaluation failed; …` in one line."""
        told = self.reason if self.remedy is None else f"{self.reason}; {self.remedy}"
        return ": ".join(part for part in (self.source, self.host, told) if part)


class Found(msgspec.Struct, frozen=True):
    """Everything a source knows at a moment; a later one takes its place."""

    hosts: tuple[PartialHost, ...] = ()
    problems: tuple[SourceProblem, ...] = ()


class Source(Protocol):
    """A place that hosts come from."""

    @property
    def name(self) -> str:
        """As in `[fleet] sources`."""
        ...

    def hosts(self) -> AsyncIterator[Found]:
        """What is known, as soon as something is, and again whenever there is more; failures are problems in it."""
        ...


def admit(source: str, hosts: tuple[PartialHost, ...]) -> Found:
    """The hosts whose name, address and login are harmless, and a problem for each other one."""
    admitted: list[PartialHost] = []
    problems: list[SourceProblem] = []
    for host in hosts:
        if reason := _refuse(host):
            problems.append(
                SourceProblem(source=source, host=shown_name(host.name), reason=reason, remedy="it is left out")
            )
        else:
            admitted.append(host)
    return Found(tuple(admitted), tuple(problems))


def _refuse(host: PartialHost) -> str | None:
    if reason := refuse_name(host.name):
        return f"the name {reason}"
    if host.address is not None and (reason := refuse_address(host.address)):
        return f"the address {printable(host.address)} {reason}"
    if host.user is not None and (reason := refuse_user(host.user)):
        return f"the user {printable(host.user)} {reason}"
    if host.port is not None and not 1 <= host.port <= 65535:
        return f"{host.port} is no port"
    return None
