"""Images and instances that hold still, for pictures of screen 4: one of each kind that a shop has."""

from collections.abc import Mapping, Sequence

from nixtui.aws.console_output import ConsoleOutput, console_lines
from nixtui.aws.errors import AwsError
from nixtui.aws.instances import Instance
from nixtui.demo.cloud_console import console
from nixtui.instances.doors import Door, Seen, doors
from nixtui.instances.offers import Offer, Offers
from nixtui.instances.recovering import Playbook, Situation, playbooks
from nixtui.instances.refreshing import Refresh
from nixtui.instances.standing import Checks, Group, Instances, Standing
from nixtui.model.binned import Bin, Binned
from nixtui.model.image import Catalogue, Image, RegionTrouble
from nixtui.model.image_drift import ImageDrift
from tests.tui.cockpit import MemoryCockpit

DAY_S = 86400.0
REGIONS = ("eu-central-1", "us-east-1")
NAME = "shop/{}-26.05.202611{:02}.98fe21c-x86_64-linux"


def image(now: float, role: str, day: int, region: str = REGIONS[0], **more: object) -> Image:
    """Built on that day of November."""
    return Image(
        identity=f"ami-0{len(role)}{day:02}{'5cd0c5eb779e0'[:13]}{region[:1]}".replace("u", "b")[:21],
        name=NAME.format(role, day),
        region=region,
        state="available",
        architecture="x86_64",
        created_at=now - (21 - day) * DAY_S,
        deprecated_at=now + (69 + day) * DAY_S if day < 18 else None,
        gib=8,
        owner="123456789012",
        revision="98fe21c4d07b1c0dea5544d0aa19c3e18f5a6b7c",
        store_path=f"/nix/store/{'0kq2n1b7' * 4}-nixos-system-{role}-26.05.202611{day:02}.98fe21c",
        boot_mode="uefi",
        snapshots=("snap-0d148b51147996144",),
        **more,  # type: ignore[arg-type]
    )


class StagedImages:
    """Four images in two regions."""

    def __init__(self, now: float) -> None:
        self._now = now

    def all(self) -> tuple[Image, ...]:
        now = self._now
        return (
            image(now, "web", 19),
            image(now, "web", 12),
            image(now, "edge", 12, REGIONS[1], visibility="public"),
            image(now, "db", 4, protected=True),
        )

    async def catalogue(self, _: str) -> Catalogue:
        silent = RegionTrouble("eu-west-2", "these credentials may not call ec2:DescribeImages in eu-west-2")
        return Catalogue(images=self.all(), regions=REGIONS, troubles=(silent,), expires_at=self._now + 700)

    async def drift(self, images: Sequence[Image], *, exactly: bool = False) -> Mapping[str, ImageDrift]:
        same = ImageDrift(
            state="same", short="= flake", sentence="the flake gives the same image now: the same store path",
            certain=True,
        )  # fmt: skip
        behind = ImageDrift(
            state="behind", short="3 commits behind", behind=3,
            sentence="3 commits behind, the newest: nginx: hsts; whether that changes the image an evaluation tells",
        )  # fmt: skip
        gone = ImageDrift(state="unknown", short="unknown", sentence="built from elsewhere (infra), not from shop")
        return dict(zip((each.key for each in images), (same, behind, behind, gone), strict=True))

    async def uses(self, _: Image) -> Sequence[str]:
        return ("instance i-0a47feba89bb3b102 runs it", "launch template shop-web:3 would start nothing")

    async def bin(self) -> Bin:
        now, old = self._now, NAME.format("cache", 1)
        kept = {"region": REGIONS[0], "entered_at": now - 3 * DAY_S, "gone_at": now + 11 * DAY_S}
        snapshot = Binned(identity="snap-0f2b954708a146c6b", description=old, **kept)  # type: ignore[arg-type]
        image = Binned(identity="ami-0e47feba89bb3b102", name=old, snapshots=(snapshot.identity,), **kept)  # type: ignore[arg-type]
        loose = Binned(
            identity="snap-0c2465cd0c5eb779e", region=REGIONS[1], description="before the move of the database",
            entered_at=now - 6 * DAY_S, gone_at=now + 30 * 3600,
        )  # fmt: skip
        return Bin(binned=(loose, image, snapshot), regions=REGIONS)


class StagedInstances:
    """Hosts of the synthetic fleet as instances: one impaired, one to be stopped, a group that moved on."""

    def __init__(self, now: float) -> None:
        self._now = now
        old, new = image(now, "web", 12), image(now, "web", 19)
        web = Group(
            name="shop-web", region=REGIONS[0], template="lt-0c2465cd0c5eb779e", template_name="shop-web", version="3",
            number="3", image=new.identity, wanted=3, members=("i-0000000000000web1", "i-2", "i-3"),
        )  # fmt: skip
        event = "instance-stop from 2026-11-24 03:00:00+00:00: The instance is running on degraded hardware"
        ok, bad, soon = Checks("ok", "ok"), Checks("ok", "impaired"), Checks("ok", "ok", (event,))
        self._standings = (
            self._standing("web-1", ok, old, web, new),
            self._standing("web-2", ok, old, web, new),
            self._standing("web-3", ok, new, web, new),
            self._standing("cache-3", bad, None, None, None),
            self._standing("db-2", soon, old, None, None),
            self._standing("bastion", None, old, None, None, state="stopped"),
            self._standing("edge-1", ok, image(now, "edge", 12, REGIONS[1]), None, None, region=REGIONS[1]),
        )

    def _standing(
        self,
        name: str,
        checks: Checks | None,
        runs: Image | None,
        group: Group | None,
        instead: Image | None,
        *,
        state: str = "running",
        region: str = REGIONS[0],
    ) -> Standing:
        tags = {"Name": name, "env": "prod"}
        if group is not None:
            tags |= {
                "aws:autoscaling:groupName": group.name,
                "aws:ec2launchtemplate:id": group.template or "",
                "aws:ec2launchtemplate:version": "2",
            }
        return Standing(
            instance=Instance(
                identity=f"i-{sum(map(ord, name)):017x}",
                region=region,
                state=state,
                zone=f"{region}a",
                kind="c7i.xlarge",
                architecture="x86_64",
                boot_mode="uefi",
                private_address=f"10.1.0.{sum(map(ord, name)) % 200 + 10}",
                image=runs.identity if runs is not None else "ami-0e47feba89bb3b102",
                launched_at=self._now - 45 * DAY_S,
                key_pair="on-call",
                profile="arn:aws:iam::123456789012:instance-profile/shop-host",
                subnet="subnet-0f2b954708a146c6b",
                security_groups=("sg-0b1841a348bf9052a",),
                tags=tags,
            ),
            checks=checks,
            image=runs,
            image_name=runs.name if runs is not None else NAME.format("cache", 1),
            group=group,
            group_image=instead,
        )

    async def survey(self) -> Instances:
        return Instances(standings=self._standings, regions=REGIONS)

    async def doors(self, standing: Standing) -> Sequence[Door]:
        return doors(standing.instance, Seen(agent="Online", nitro=True, serial=False, plugin=False))

    async def console(self, standing: Standing) -> ConsoleOutput:
        text = console(standing.instance.name, impaired=standing.instance.name == "cache-3")
        return ConsoleOutput(console_lines(text), self._now - 200.0, is_latest=True)

    def session_words(self, standing: Standing, door: str | None) -> Sequence[str]:
        raise AwsError("nothing is connected to in a picture")

    async def session(self, words: Sequence[str], *, stay: bool = False) -> int:
        return 0

    async def playbooks(self, standing: Standing) -> Sequence[Playbook]:
        return playbooks(Situation(standing, await self.doors(standing), standing.instance.name, "nobody answers"))

    def step_words(self, command: str) -> Sequence[str]:
        raise AwsError("nothing is done in a picture")

    async def refresh(self, group: Group) -> Refresh | None:
        return Refresh(identity="r-1", group=group.name, region=group.region, status="InProgress", percent=33, left=2)

    async def images(self, _: str, __: str | None = None) -> Sequence[Image]:
        raise AwsError("nothing is rolled in a picture")

    async def offers(self, _: Image) -> Offers:
        return Offers(
            kinds=(Offer("t3.micro", "2 vCPU, 1 GiB"), Offer("t3.small", "2 vCPU, 2 GiB")),
            subnets=(Offer("subnet-0f2b954708a146c6b", "eu-central-1a  10.1.0.0/20  private  private-a"),),
        )


def with_aws(cockpit: MemoryCockpit) -> None:
    """Put them in."""
    cockpit.images = StagedImages(cockpit.now)
    cockpit.instances = StagedInstances(cockpit.now)
