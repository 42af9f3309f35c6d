"""Machine images, for the app: the real thing behind `nixtui.tui.cockpit.images.Images`."""

import re
from collections.abc import Callable, Mapping, Sequence

from nixtui.aws.errors import AwsError
from nixtui.aws.session import Session
from nixtui.cli.assembly import Assembly
from nixtui.cli.evaluating import flake_found
from nixtui.cli.exits import UsageError
from nixtui.cli.output import rfc3339
from nixtui.images.catalogue import enabled_regions, list_images
from nixtui.images.changing import Change, changing_job, copy, deprecate, plan_changes, retire, share
from nixtui.images.drifting import compare, glance
from nixtui.images.keeping import Keeping, find_keeping, losses
from nixtui.images.naming import refuse_region
from nixtui.images.recycling import list_bin, restore, restored_with
from nixtui.images.references import References, find_references
from nixtui.model.binned import Bin, Binned
from nixtui.model.image import Catalogue, Image, RegionTrouble
from nixtui.model.image_drift import ImageDrift
from nixtui.model.store import BadAge, parse_age
from nixtui.operations.operation import Prepared
from nixtui.operations.plan import Plan

_ACCOUNT = re.compile(r"[0-9]{12}")


class LiveImages:
    """`keep` remembers what was prepared until somebody says yes."""

    def __init__(self, nixtui: Assembly, keep: Callable[[Prepared], Plan]) -> None:
        self._nixtui = nixtui
        self._keep = keep
        self._opened: Session | None = None

    async def end(self) -> None:
        """Take no more calls."""
        if self._opened is not None:
            await self._opened.__aexit__(None, None, None)

    @property
    def session(self) -> Session:
        """The login of this app, opened when it is first needed."""
        if self._opened is None:
            environ, ec2 = self._nixtui.surroundings.environ, self._nixtui.configuration.ec2
            profile = environ.get("AWS_PROFILE") or (ec2.profile if ec2 is not None else None)
            region = ec2.regions[0] if ec2 is not None and ec2.regions else None
            self._opened = Session(environ, profile=profile, region=region)
        return self._opened

    async def catalogue(self, owner: str) -> Catalogue:
        """In the regions of `[ec2]`; without those in all that are enabled, or where one may not ask which, in one.

        Raises `AwsError` where there is no login.
        """
        session, troubles = self.session, []
        regions, denied = await self.regions()
        if denied is not None:
            troubles.append(RegionTrouble("all regions", denied.reason, denied.remedy))
        images, problems = await list_images(session, regions, (owner,))
        if len(problems) == len(regions):
            raise problems[0][1]
        troubles += [RegionTrouble(region, problem.reason, problem.remedy) for region, problem in problems]
        return Catalogue(
            images=tuple(images),
            regions=tuple(regions),
            troubles=tuple(troubles),
            expires_at=await session.expires_at(),
        )

    async def regions(self) -> tuple[Sequence[str], AwsError | None]:
        """Where to ask, and why that may not be everywhere."""
        ec2 = self._nixtui.configuration.ec2
        if ec2 is not None and ec2.regions:
            return ec2.regions, None
        home = await self.session.region()
        try:
            return await enabled_regions(self.session), None
        except AwsError as error:
            return [home], error

    async def uses(self, image: Image) -> Sequence[str]:
        """Instances, launch templates and parameters of its region."""
        return (await find_references(self.session, [image]))[image.identity].lines

    async def drift(self, images: Sequence[Image], *, exactly: bool = False) -> Mapping[str, ImageDrift]:
        """Asks git and the evaluations that are remembered; `exactly` evaluates."""
        flake = flake_found(self._nixtui)
        if flake is None:
            return {}
        return await (compare if exactly else glance)(flake, images)

    async def plan_copy(self, image: Image, regions: Sequence[str]) -> Plan:
        """Raises `UsageError`."""
        for region in regions:
            if reason := refuse_region(region):
                raise UsageError(f'"{region}" {reason}')
        changes = [copy(image, to) for to in dict.fromkeys(regions)]
        return self._plan("copy", f"Copy {image.name} ({image.identity}) from {image.region}", changes)

    async def plan_share(self, image: Image, whom: Sequence[str]) -> Plan:
        """Raises `UsageError`."""
        accounts = [each for each in whom if _ACCOUNT.fullmatch(each)]
        organisations = [each for each in whom if each.startswith("arn:")]
        for each in whom:
            if each not in (*accounts, *organisations, "public"):
                raise UsageError(f'"{each}" is no account (twelve digits), no ARN of an organisation, and not "public"')
        change = share(image, accounts, organisations, public="public" in whom)
        return self._plan("share", f"Share {image.name} ({image.identity})", [change])

    async def plan_deprecate(self, images: Sequence[Image], after: str) -> Plan:
        """Raises `UsageError`."""
        try:
            seconds = parse_age(after)
        except BadAge as error:
            raise UsageError(str(error)) from error
        at = rfc3339(self._nixtui.clock() + seconds) or ""
        return self._plan("deprecate", f"Deprecate images at {at}", [deprecate(image, at) for image in images])

    async def plan_retire(self, images: Sequence[Image]) -> Plan:
        """Who uses them and what the recycle bin keeps is asked region by region."""
        uses: dict[str, References] = {}
        keeping: dict[str, Keeping] = {}
        for region in dict.fromkeys(image.region for image in images):
            there = [image for image in images if image.region == region]
            uses |= await find_references(self.session, there)
            keeping |= await find_keeping(self.session, there)
        changes = [retire(image, uses[image.identity], keeping[image.identity], force=False) for image in images]
        acting = [image for image, change in zip(images, changes, strict=True) if change.refused is None]
        lost = losses(keeping[image.identity] for image in acting)
        return self._plan("retire", "Retire images", changes, lost)

    async def bin(self) -> Bin:
        """In the regions that images are listed in. Raises `AwsError` where there is no login."""
        regions, denied = await self.regions()
        troubles = [] if denied is None else [RegionTrouble("all regions", denied.reason, denied.remedy)]
        binned, problems = await list_bin(self.session, regions)
        if len(problems) == len(regions):
            raise problems[0][1]
        troubles += [RegionTrouble(region, problem.reason, problem.remedy) for region, problem in problems]
        return Bin(binned=tuple(binned), regions=tuple(regions), troubles=tuple(troubles))

    async def plan_restore(self, binned: Sequence[Binned]) -> Plan:
        """By what lies there now, which may be less than what was shown."""
        there, problems = await list_bin(self.session, list(dict.fromkeys(each.region for each in binned)))
        if problems:
            raise problems[0][1]
        changes = restored_with([restore(each.identity, each.region, there) for each in binned])
        return self._plan("restore", "Restore from the recycle bin", changes)

    def _plan(self, kind: str, title: str, changes: Sequence[Change], irreversible: tuple[str, ...] = ()) -> Plan:
        plan = plan_changes(f"image-{kind}", title, changes, irreversible)
        return self._keep(Prepared(self._nixtui.new_identity(), plan, changing_job(plan, changes, self.session)))
