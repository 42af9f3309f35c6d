"""The instance that a host is, as EC2 knows it: its truth stands beside what the host says of itself."""

import msgspec


class InstanceId(msgspec.Struct, frozen=True):
    """Which instance of which region. Another one under the same host name is another machine."""

    identity: str
    region: str


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """One instance and what is around it. `None` where nothing is known; times are Unix seconds.

    `created_at` is when it was made, also where it was stopped and started since. `image_name` is known of images that
    are gone, too; `image_registered` is false for those. `image_system` is the system (its store path) that
    its image boots, and `group_system` that of what its auto scaling group (`group`) would start now, both by the
    image's tag.
    `events` are scheduled by AWS, each a sentence. `login` is the AWS profile that told all this, where it has a name,
    and `account` the account that the instance is in.
    """

    instance: InstanceId
    state: str
    name: str | None = None
    kind: str | None = None
    zone: str | None = None
    created_at: float | None = None
    system_check: str | None = None
    instance_check: str | None = None
    events: tuple[str, ...] = ()
    image: str | None = None
    image_name: str | None = None
    image_registered: bool | None = None
    image_system: str | None = None
    template: str | None = None
    template_version: str | None = None
    group: str | None = None
    group_template_version: str | None = None
    group_image: str | None = None
    group_image_name: str | None = None
    group_system: str | None = None
    login: str | None = None
    account: str | None = None

    @property
    def failed_checks(self) -> tuple[str, ...]:
        """The status checks that say something else than that it is well, or that it is too early to say."""
        checks = (("system", self.system_check), ("instance", self.instance_check))
        fine = (None, "ok", "passed", "initializing", "not-applicable", "insufficient-data")
        return tuple(f"{name} check {state}" for name, state in checks if state not in fine)

    def replacement(self, current_system: str | None, *, called: str = "what runs") -> str | None:
        """What a replacement by its group would come up on, as a sentence, where that is not what the host runs, which
        the sentence calls so.

        `None` where it is, where there is no group, and where it cannot be told: an image without the tag that names
        its system says something only when it is not the image of this instance.
        """
        if self.group is None or self.group_image is None or not self.group_image.startswith("ami-"):
            return None
        where = f"a replacement by group {self.group} would come up on"
        if self.group_system is not None and current_system is not None:
            if self.group_system == current_system:
                return None
            kind = "the old system" if self.group_system == self.image_system else "another system"
            return f"{where} {kind}: {system_name(self.group_system)} ({self.group_image}), not on {called}"
        if self.image is None or self.group_image == self.image:
            return None
        return f"{where} {self.group_image}, not on {self.image}"


def system_name(path: str) -> str:
    """`nixos-system-web-1-25.11`: a store path without its hash."""
    return path[44:] or path
