"""What may stand in `nixtui.toml`: one struct per section, one field per key, with the defaults.

A field's type says how its value is read (`reading.py`): a `Limit` is a duration, a `Share` a number or percentage, and
so on. Paths stay as written; `paths.local_path` makes them absolute.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from nixtui.config.duration import Limit, Pause
from nixtui.config.share import Share
from nixtui.config.strings import (
    Address,
    Colour,
    FlakeReference,
    HostSelector,
    HubReference,
    ImageReference,
    InstanceType,
    LocalUrl,
    PullReference,
    Region,
    SecurityGroup,
    Subnet,
    User,
)
from nixtui.model.environment import Confirmation
from nixtui.model.host import Way

Text = Annotated[str, Meta(min_length=1)]


class Source(StrEnum):
    """Where hosts can come from."""

    FILE = "file"
    FLAKE = "flake"
    EC2 = "ec2"


class Elevate(StrEnum):
    """How root is had on a host."""

    NONE = "none"
    SUDO = "sudo"
    RUN0 = "run0"


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """A table of the file."""


class FleetSection(Section, frozen=True):
    """`[fleet]`: what belongs together. `flake` is `None` for the nearest one above.

    Hosts that match `exclude` are left out: a flake has configurations that are no machines (`installer,iso-*`).
    """

    name: Text | None = None
    flake: FlakeReference | None = None
    sources: tuple[Source, ...] = tuple(Source)
    exclude: HostSelector | None = None


class HostSection(Section, frozen=True):
    """`[hosts.NAME]`: how one host is reached, and its tags.

    `transport` is how scripts get there: over SSH unless it says `ssm`. A deploy to a host with `pull` or `fh` has it
    fetch its system by itself, with nixos-rebuild or with fh.
    """

    address: Address | None = None
    port: Annotated[int, Meta(ge=1, le=65535)] | None = None
    user: User | None = None
    flake_attr: Text | None = None
    tags: Mapping[str, str] = {}
    pull: PullReference | None = None
    fh: HubReference | None = None
    transport: Way | None = None


class SshSection(Section, frozen=True):
    """`[ssh]`: how hosts are reached, beyond what ssh_config says.

    `keepalive` is how often a silent connection is tried. Empty `known_hosts` and `identity_files` mean those of
    ssh_config (and the agent). A login that is root needs no `elevate`.
    """

    config: Text = "~/.ssh/config"
    jump: Text | None = None
    known_hosts: tuple[Text, ...] = ()
    identity_files: tuple[Text, ...] = ()
    elevate: Elevate = Elevate.SUDO
    connect_timeout: Limit = Limit(10)
    keepalive: Limit = Limit(15)


class Ec2Section(Section, frozen=True):
    """`[ec2]`: which instances are hosts. `name_tag` is the tag that names them.

    `profile` is one login, `profiles` are several, in the order of precedence.
    """

    profile: Text | None = None
    profiles: tuple[Text, ...] | None = None
    regions: tuple[Text, ...] = ()
    filters: Mapping[str, str] = {}
    name_tag: Text = "Name"

    @property
    def logins(self) -> tuple[str, ...]:
        """The profiles that are meant; none where it is the environment's."""
        return self.profiles or ((self.profile,) if self.profile else ())


class Reached(StrEnum):
    """Which address of an instance it is reached at."""

    PRIVATE = "private"
    PUBLIC = "public"


class StackHostSection(Section, frozen=True):
    """`[stacks.NAME.hosts.NAME]`: an instance that is made as a host, `nixosConfigurations.NAME` of the flake.

    What is left out is EC2's default (the default VPC and its security group, the size of the image). `user_data` is a
    file, relative to `nixtui.toml`. `tags` are the instance's and the host's.
    """

    image: ImageReference
    type: InstanceType
    subnet: Subnet | None = None
    security_groups: tuple[SecurityGroup, ...] = ()
    key_pair: Text | None = None
    instance_profile: Text | None = None
    user_data: Text | None = None
    disk_gib: Annotated[int, Meta(ge=1, le=65536)] | None = None
    flake_attr: Text | None = None
    tags: Mapping[str, str] = {}


class StackSection(Section, frozen=True):
    """`[stacks.NAME]`: instances that are made, deployed to and destroyed together, by this name.

    `profile` is their login, of several the one that is meant. They are reached at their private `address` unless it
    says `public`, with this `user` and `port`.
    """

    region: Region
    profile: str | None = None
    address: Reached = Reached.PRIVATE
    user: User | None = None
    port: Annotated[int, Meta(ge=1, le=65535)] | None = None
    hosts: Mapping[str, StackHostSection] = {}


class EnvironmentSection(Section, frozen=True):
    """`[environments.NAME]`: how careful one must be with the hosts that `match`; the first that matches counts."""

    match: HostSelector
    confirm: Confirmation = Confirmation.KEY
    read_only: bool = False
    allow_yes: bool = True
    ask_reason: bool = False
    colour: Colour | None = None


class HealthCommand(Section, frozen=True):
    """A command that succeeds on a healthy host; as a plain string it has the section's `health_timeout`."""

    command: Text
    timeout: Limit | None = None


class ActivationSection(Section, frozen=True):
    """`[activation]`: how long a host waits for us before it goes back, and what proves it well.

    `revert_after` counts from the operator's last sign of life, `activation_timeout` from the start.
    """

    revert_after: Limit = Limit(90)
    activation_timeout: Limit = Limit(600)
    health: tuple[HealthCommand, ...] = ()
    health_timeout: Limit = Limit(10)

    @property
    def health_limits(self) -> tuple[tuple[str, float], ...]:
        """Each health command with the seconds it may take."""
        return tuple((each.command, each.timeout or self.health_timeout) for each in self.health)


class OnFailure(StrEnum):
    """What becomes of hosts that a rollout has changed when it stops because others failed."""

    HALT = "halt"
    REVERT = "revert"


class HttpCheck(Section, frozen=True):
    """A page that a healthy host serves, as seen from the host itself; as a plain string it is the `url`."""

    url: LocalUrl
    status: Annotated[int, Meta(ge=100, le=599)] = 200


class GateSection(Section, frozen=True):
    """`[rollout.gate]`: what must hold on every host that was changed before the next wave begins.

    `timeout` is for each single check; a command may have its own.
    """

    units: tuple[Text, ...] = ()
    commands: tuple[HealthCommand, ...] = ()
    http: tuple[HttpCheck, ...] = ()
    timeout: Limit = Limit(10)


class RolloutSection(Section, frozen=True):
    """`[rollout]`: `canary` hosts first, then `batch` at a time with `soak` between.

    No wave starts once `max_failures` hosts have failed, and `on_failure` says what becomes of those changed by then.
    At most `max_down` hosts are acted on at once, and at most `max_down_per` of a tag with the same value.
    """

    canary: Annotated[int, Meta(ge=0)] = 1
    batch: Share = Share(percent=25)
    max_failures: Annotated[int, Meta(ge=1)] = 1
    soak: Pause = Pause(0)
    on_failure: OnFailure = OnFailure.HALT
    max_down: Annotated[int, Meta(ge=1)] | None = None
    max_down_per: Mapping[str, Annotated[int, Meta(ge=1)]] = {}
    gate: GateSection = GateSection()


class SecretsSection(Section, frozen=True):
    """`[secrets]`: whether the app may put a value on the clipboard, and how long it stays there."""

    clipboard: bool = False
    clear_after: Limit = Limit(30)


class UiSection(Section, frozen=True):
    """`[ui]`: how the app looks and behaves.

    `theme` is `dark`, `light`, `contrast`, `plain` or one of Textual's. `pace` is the least time between two paints of
    what changed by itself, in seconds. `terse` sends as little as possible; without it, that is so over SSH.
    """

    theme: Text | None = None
    mouse: bool = True
    pace: Annotated[float, Meta(ge=0.02, le=10)] | None = None
    terse: bool | None = None


class Document(Section, frozen=True):
    """The whole file. Hosts and environments keep the file's order. `keys` has the user's own by action id."""

    fleet: FleetSection = FleetSection()
    hosts: Mapping[str, HostSection] = {}
    ssh: SshSection = SshSection()
    ec2: Ec2Section | None = None
    environments: Mapping[str, EnvironmentSection] = {}
    activation: ActivationSection = ActivationSection()
    rollout: RolloutSection = RolloutSection()
    stacks: Mapping[str, StackSection] = {}
    secrets: SecretsSection = SecretsSection()
    ui: UiSection = UiSection()
    keys: Mapping[str, Text] = {}
