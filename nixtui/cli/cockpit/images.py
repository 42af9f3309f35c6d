"""Machine images, for the app: the real thing behind `nixtui.tui.cockpit.images.Images`."""

import re
from collections.abc import Callable, Mapping, Sequence

from nixtui.aws.errors import AwsError
from nixtui.aws.logins import EVERYWHERE, Logins, in_short
from nixtui.aws.session import Session
from nixtui.cli.assembly import Assembly
from nixtui.cli.cockpit.logging_in import words_to_log_in
from nixtui.cli.ec2 import configured_logins
from nixtui.cli.evaluating import flake_found
from nixtui.cli.exits import UsageError
from nixtui.cli.output import rfc3339
from nixtui.images.catalogue import Regions, enabled_regions, list_all_images
from nixtui.images.changing import Change, changing_job, copy, deprecate, plan_changes, retire, share
from nixtui.images.drifting import compare, glance
from nixtui.images.keeping import find_all_keeping, losses
from nixtui.images.naming import refuse_region
from nixtui.images.recycling import list_bin, list_bins, restore, restored_with
from nixtui.images.references import find_all_references, find_references
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
        self._opened: Logins | None = None

    async def end(self) -> None:
        """Take no more calls."""
        if self._opened is not None:
            await self._opened.__aexit__(None, None, None)

    @property
    def logins(self) -> Logins:
        """The logins of this app, each opened when it is first needed."""
        if self._opened is None:
            self._opened = configured_logins(self._nixtui)
        return self._opened

    @property
    def session(self) -> Session:
        """The login of this app. Raises `AwsError` where there are several, for what has to be told by which."""
        return self.logins.only

    def words_to_log_in(self, profile: str | None) -> Sequence[str]:
        """Raises `UsageError`."""
        return words_to_log_in(self.logins, profile, self._nixtui.surroundings.environ)

    async def catalogue(self, owner: str) -> Catalogue:
        """In the regions of `[ec2]`; without those in all that are enabled, or where one may not ask which, in one.

        Raises `AwsError` where there is one login, and it is no good.
        """
        logins, denied = self.logins, list[AwsError]()
        found = await list_all_images(logins, self.regions_of(denied), (owner,))
        if not logins.several and len(found.problems) >= max(1, len(found.regions)):
            raise found.problems[0][1]
        problems = [(EVERYWHERE, None, why) for why in denied] + [(region, None, why) for region, why in found.problems]
        expires_at, ends_first = await logins.soonest_end()
        return Catalogue(
            images=tuple(found.images),
            regions=tuple(found.regions),
            troubles=troubles(problems, logins),
            expires_at=expires_at,
            logins=logins.several,
            ends_first=ends_first,
        )

    def regions_of(self, denied: list[AwsError]) -> Regions:
        """Where to ask each login; `denied` gets why that is not everywhere."""
        ec2 = self._nixtui.configuration.ec2

        async def regions(session: Session) -> Sequence[str]:
            if ec2 is not None and ec2.regions:
                return ec2.regions
            home = await session.region()
            try:
                return await enabled_regions(session)
            except AwsError as error:
                if not error.is_of_login:  # else asking in one region says the same
                    denied.append(error)
                return [home]

        return regions

    async def uses(self, image: Image) -> Sequence[str]:
        """Instances, launch templates and parameters of its region."""
        return (await find_references(self.logins.of(image.login), [image]))[image.identity].lines

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
        """Who uses them and what the recycle bin keeps is asked login by login and region by region."""
        uses = await find_all_references(self.logins, images)
        keeping = await find_all_keeping(self.logins, images)
        changes = [retire(image, uses[image.identity], keeping[image.identity], force=False) for image in images]
        acting = [image for image, change in zip(images, changes, strict=True) if change.refused is None]
        lost = losses(keeping[image.identity] for image in acting)
        return self._plan("retire", "Retire images", changes, lost)

    async def bin(self) -> Bin:
        """In the regions that images are listed in. Raises `AwsError` where there is one login, and it is no good."""
        logins, denied = self.logins, list[AwsError]()
        binned, silent, regions = await list_bins(logins, self.regions_of(denied))
        if not logins.several and len(silent) >= max(1, len(regions)):
            raise silent[0][1]
        problems = [(EVERYWHERE, None, why) for why in denied] + [(region, None, why) for region, why in silent]
        return Bin(binned=tuple(binned), regions=tuple(regions), troubles=troubles(problems, logins))

    async def plan_restore(self, binned: Sequence[Binned]) -> Plan:
        """By what lies there now, which may be less than what was shown."""
        there: list[Binned] = []
        for login, region in dict.fromkeys((each.login, each.region) for each in binned):
            found, problems = await list_bin(self.logins.of(login), [region])
            if problems:
                raise problems[0][1]
            there += found
        changes = restored_with([restore(each.identity, each.region, there) for each in binned])
        return self._plan("restore", "Restore from the recycle bin", changes)

    def _plan(self, kind: str, title: str, changes: Sequence[Change], irreversible: tuple[str, ...] = ()) -> Plan:
        plan = plan_changes(f"image-{kind}", title, changes, irreversible)
        return self._keep(Prepared(self._nixtui.new_identity(), plan, changing_job(plan, changes, self.logins)))


def troubles(problems: Sequence[tuple[str, str | None, AwsError]], logins: Logins) -> tuple[RegionTrouble, ...]:
    """What was not told, given as (region, what, why): of several logins in as few lines as it takes."""
    if logins.several:
        return tuple(RegionTrouble(where, why.reason, why.remedy) for where, why in in_short(problems))
    return tuple(
        RegionTrouble(f"{region}: {what}" if what else region, why.reason, why.remedy) for region, what, why in problems
    )
