"""A host as the inventory knows it: who it is and how it is reached, not how it is."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

import msgspec

from nixtui.model.machine import InstanceId


class Way(StrEnum):
    """How scripts get to a host: over SSH, or brought by the SSM agent of an instance."""

    SSH = "ssh"
    SSM = "ssm"


class Host(msgspec.Struct, frozen=True, kw_only=True):
    """One machine of the fleet.

    `name` identifies it everywhere (screens, journal, selectors). `address` is what SSH is given and goes
    through ssh_config, so it may be an alias. `port` and `user` are `None` when ssh_config or the default decides.
    `environment` is the name of the `[environments.*]` section that matches, if one does. `sources` says
    which inventory sources knew the host, in order of precedence. `instance` is which machine it is where EC2 knows it,
    and `login` the AWS profile by which that is known, where one is named.
    """

    name: str
    address: str
    port: int | None = None
    user: str | None = None
    flake_attr: str | None = None
    tags: Mapping[str, str] = MappingProxyType({})
    environment: str | None = None
    sources: tuple[str, ...] = ()
    instance: InstanceId | None = None
    login: str | None = None
    transport: Way = Way.SSH

    def is_another_machine_than(self, before: "Host") -> bool:
        """True when the machine was replaced: of two instances one name is all that they share."""
        known = self.instance is not None and before.instance is not None
        return known and self.instance != before.instance
