"""What is to be made: an image, where it goes, and who may have it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from nixtui.images.blocks import Skip
from nixtui.images.disk import BadImage
from nixtui.images.naming import refuse_region
from nixtui.images.publishing import Publication
from nixtui.images.registering import TAG_BUILDER, TAG_REVISION, TAG_STORE_PATH, Registration, check
from nixtui.images.s3_import import Detour

TAG_FLAKE = "nixtui:flake"
TAG_SYSTEM = "nixtui:system"
TAG_CHECKED = "nixtui:boot-check"
"""On an image, how its boot check ended; on an instance, the image that it was started to check."""

SMALLEST = {"x86_64": "t3.micro", "arm64": "t4g.micro"}
"""Nitro, a gibibyte of memory: the least that NixOS boots on without trouble. About a cent an hour."""


@dataclass(frozen=True, slots=True)
class BootCheck:
    """The instance that is started to see whether the image boots; it is terminated whatever comes of it."""

    kind: str
    subnet: str | None = None
    security_groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Recipe:
    """An image to be. `identity` is the tag it is known again by: its store path, or for a file its content.

    `system` is the store path of the NixOS in it, `deprecate_at` RFC 3339.
    """

    name: str
    region: str
    architecture: str
    identity: tuple[str, str]
    boot_mode: str | None = None
    tpm: bool = False
    gib: int | None = None
    skip: Skip = Skip.HOLES
    kms_key: str | None = None
    incremental: bool = False
    description: str | None = None
    system: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    boot_check: BootCheck | None = None
    copies: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    organisations: tuple[str, ...] = ()
    public: bool = False
    deprecate_at: str | None = None
    publication: Publication | None = None
    detour: Detour | None = None
    """By way of S3 instead of EBS direct."""

    @property
    def all_tags(self) -> dict[str, str]:
        """What everything that is made of it carries."""
        system = {TAG_SYSTEM: self.system} if self.system else {}
        key, value = self.identity
        return {key: value, **system, **self.tags}

    @property
    def is_shared(self) -> bool:
        """Somebody else gets it."""
        return bool(self.accounts or self.organisations or self.public)

    def registration(self, snapshot: str, more: tuple[str, ...] = ()) -> Registration:
        """The AMI in its own region; `more` are the snapshots of further disks."""
        return Registration(
            name=self.name,
            region=self.region,
            snapshot=snapshot,
            architecture=self.architecture,
            boot_mode=self.boot_mode,
            tpm=self.tpm,
            description=self.description,
            gib=self.gib,
            tags=self.all_tags,
            more=more,
        )


def provenance(
    *, builder: str, store_path: str | None = None, revision: str | None = None, flake: str | None = None
) -> dict[str, str]:
    """Where an image comes from, as tags; what is not known is left out."""
    known = {TAG_BUILDER: builder, TAG_STORE_PATH: store_path, TAG_REVISION: revision, TAG_FLAKE: flake}
    return {key: value[:256] for key, value in known.items() if value}


def check_recipe(recipe: Recipe) -> None:
    """Raise `BadImage` for what could be refused without asking anybody."""
    check(recipe.registration("snap-00000000"))
    for region in recipe.copies:
        if reason := refuse_region(region):
            raise BadImage(f'"{region}" {reason}', "choose another --copy-to")
    if recipe.region in recipe.copies:
        raise BadImage(f"{recipe.region} is where the image is made", "leave it out of --copy-to")
    if recipe.kms_key and recipe.public:
        raise BadImage("an image with an encrypted snapshot cannot be public", "leave out --kms-key or --public")
