"""The work of making an image, each step only where its result is not there yet."""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from nixtui.aws.errors import AwsError
from nixtui.aws.logins import by_profile
from nixtui.aws.session import Session
from nixtui.images.catalogue import find_image
from nixtui.images.creating.booting import BootTrial, Subject, terminate
from nixtui.images.creating.found import Found
from nixtui.images.creating.planned import copy_name
from nixtui.images.creating.recipe import TAG_CHECKED, Recipe
from nixtui.images.creating.source import Source, check_built
from nixtui.images.creating.spreading import copy_to, give, wait_available
from nixtui.images.disk import BadImage
from nixtui.images.importing import ImportJob, check_format
from nixtui.images.publishing import publishing_job
from nixtui.images.qcow2 import as_disk
from nixtui.images.registering import TAG_DISK, register
from nixtui.images.upload import Prospect, Wanted, look, warnings_of
from nixtui.images.uploading import UploadJob
from nixtui.model.image import Image
from nixtui.nix.errors import NixError
from nixtui.operations.events import TargetFinished
from nixtui.operations.narrator import Narrator
from nixtui.operations.operation import Cancelled, Run
from nixtui.operations.plan import Target, left_out
from nixtui.operations.report import Outcome, Report, TargetReport, overall


@dataclass(slots=True)
class Made:
    """What there is so far. `instance` is one of a boot check that could not be terminated."""

    snapshots: tuple[str, ...] = ()
    image: Image | None = None
    copies: dict[str, Image] = field(default_factory=dict)
    files: tuple[Path, ...] = ()
    boot_check: str | None = None
    instance: str | None = None


class _Ended(Exception):
    """A step that ended the whole, with the row that says how."""

    def __init__(self, row: TargetReport) -> None:
        super().__init__(row.detail)
        self.row = row


class CreateJob:
    """Makes one image. Call it as the job of an operation; `made` is what came of it."""

    def __init__(
        self, recipe: Recipe, found: Found, source: Source, session: Session, *, state: Path, scratch: Path
    ) -> None:
        self.made = Made(found.snapshots, found.image)
        self.recipe = recipe
        self._found = found
        self._source = source
        self._session = session
        self._state = state
        self._scratch = scratch

    async def __call__(self, run: Run) -> Report:
        """Carry it out; whatever goes wrong is told in the report, with what is left at AWS."""
        home, *others = run.plan.targets
        rows = [left_out(home) if home.refused is not None else await self._make(run, home)]
        self._tell(run, rows[0])
        if rows[0].outcome.is_success and self.made.image is not None:
            rows += await self._spread(run, others)
        else:
            rows += [left_out(each, "not begun: the image is not there to be given to anybody") for each in others]
        rows += self._instance_row()
        outcome = overall(row.outcome for row in rows)
        stopped = run.cancelling.is_set() and not outcome.is_success
        return Report(operation=run.operation, outcome=outcome, targets=tuple(rows), interrupted=stopped)

    async def _make(self, run: Run, home: Target) -> TargetReport:
        tell, began = Narrator(run, home.name), run.clock()
        try:
            image = await self._image(run, tell)
            self._go_on(run)
            detail = await self._check(run, tell, image)
            self._go_on(run)
            await give(self._session, self.recipe, image, tell)
        except _Ended as ended:
            return ended.row
        except Cancelled:
            tell.end(False, "stopped")
            return self._short(Outcome.FAILED, "stopped", None)
        except (AwsError, BadImage, NixError, OSError) as error:
            tell.end(False, str(error))
            passing = isinstance(error, AwsError) and error.may_pass
            row = self._short(
                Outcome.UNREACHABLE if passing else Outcome.FAILED,
                getattr(error, "reason", str(error)),
                getattr(error, "remedy", None),
            )
            return msgspec.structs.replace(row, log=tuple(tell.lines) if isinstance(error, NixError) else ())
        return TargetReport(
            name=home.name,
            outcome=Outcome.COMMITTED,
            before=next(iter(self.made.snapshots), None),
            after=image.identity,
            detail=detail,
            seconds=run.clock() - began,
        )

    async def _image(self, run: Run, tell: Narrator) -> Image:
        """The AMI in its own region: the one that is there, or a new one of the snapshot that is there or is sent."""
        recipe, made = self.recipe, self.made
        if made.image is not None:
            tell.note(f"{made.image.identity} is this image already; nothing is sent")
            identity = made.image.identity
        else:
            if made.snapshots:
                tell.note(f"{' and '.join(made.snapshots)} has this image already; nothing is sent")
            else:
                await self._send_all(run, tell)
                self._go_on(run)
            first, *more = made.snapshots
            row = await register(self.recipe.registration(first, tuple(more)), self._session, run)
            identity = str(row.after)
            made.image = Image(identity=identity, name=recipe.name, region=recipe.region, state="pending")
        tell.begin("waiting until it is available")
        made.image = await run.unless_cancelled(wait_available(self._session, recipe.region, identity))
        tell.end(True)
        return made.image

    async def _send_all(self, run: Run, tell: Narrator) -> None:
        """The snapshot of each disk; one that is there is not sent again."""
        files = await self._files(run, tell)
        for number, path in enumerate(files, 1):
            name = f"{number}/{len(files)}"
            there = self._found.disks.get(name)
            if there is not None:
                tell.note(f"{there} has disk {name} already; it is not sent")
            snapshot = there or await self._send(run, tell, path, name)
            self.made.snapshots = (*self.made.snapshots, snapshot)
            self._go_on(run)

    async def _send(self, run: Run, tell: Narrator, path: Path, which: str) -> str:
        """One snapshot. Its tags are there from its first moment, so that a later run finds it."""
        recipe = self.recipe
        number, _, count = which.partition("/")
        tags = recipe.all_tags if count == "1" else {**recipe.all_tags, TAG_DISK: which}
        async with as_disk(path, self._scratch, tell.note) as disk:
            if recipe.gib is not None and number == count and disk.size > recipe.gib * 1024**3:
                least = -(-disk.size // 1024**3)
                raise BadImage(
                    f"the image is larger than the volume: {least} GiB do not fit into {recipe.gib}",
                    f"give --size {least} or more",
                )
            tell.begin("reading the image")
            wanted = Wanted(
                name=recipe.name,
                region=recipe.region,
                skip=recipe.skip,
                kms_key=recipe.kms_key,
                incremental=recipe.incremental,
                tags=tags,
            )
            prospect = await look(self._session, disk, path.name, wanted, self._state)
            blocks = prospect.blocks
            tell.end(True, f"{disk.format}, {len(blocks.indexes)} of {blocks.total} blocks to send")
            for warning in warnings_of(prospect):
                tell.note(warning)
            self._go_on(run)
            if prospect.existing is not None:
                tell.note(f"{prospect.existing} has this content already; nothing is sent")
                await self._tag(recipe.region, prospect.existing, tags)
                return prospect.existing
            row, snapshot, resumed = await self._carry(run, prospect, path)
        if not row.outcome.is_success or snapshot is None:
            before = "".join(f"; snapshot {each} is complete in {recipe.region}" for each in self.made.snapshots)
            raise _Ended(msgspec.structs.replace(row, name=recipe.name, detail=f"{row.detail}{before}"))
        if resumed:  # by a run that may have called it otherwise
            await self._tag(recipe.region, snapshot, tags)
        return snapshot

    async def _carry(self, run: Run, prospect: Prospect, path: Path) -> tuple[TargetReport, str | None, bool]:
        """Straight into a snapshot, or by way of S3: how it went, the snapshot, whether an earlier run began it."""
        detour = self.recipe.detour
        if detour is not None:
            check_format(path)
            by_s3 = ImportJob(prospect, path, detour, self._session)
            (row,) = (await by_s3(run)).targets
            return row, by_s3.imported.snapshot, by_s3.imported.bytes == 0
        direct = UploadJob(prospect, self._session)
        (row,) = (await direct(run)).targets
        return row, direct.sent.snapshot, direct.sent.resumed > 0

    async def _files(self, run: Run, tell: Narrator) -> tuple[Path, ...]:
        """The image's disks, built where they are not there; what it says of itself is what is registered."""
        if self._source.files:
            self.made.files = self._source.files
            return self._source.files
        assert self._source.build is not None
        tell.begin("building")
        built = await run.unless_cancelled(self._source.build(tell.output))
        tell.end(True, built.store_path)
        check_built(built, self.recipe.architecture, self.recipe.boot_mode)
        if self.recipe.boot_mode is None:
            self.recipe = replace(self.recipe, boot_mode=built.boot_mode)
        self.made.files = (Path(built.file), *map(Path, built.more))
        return self.made.files

    async def _check(self, run: Run, tell: Narrator, image: Image) -> str | None:
        """Boot it, where that is asked for and was not done. What to tell of it; `_Ended` where it does not boot."""
        recipe = self.recipe
        for instance in self._found.strays:
            tell.begin(f"terminating {instance}, left by an earlier boot check")
            reason = await terminate(self._session, recipe.region, instance)
            tell.end(reason is None, reason)
        if recipe.boot_check is None:
            return None
        if self._found.checked:
            self.made.boot_check = image.tags[TAG_CHECKED]
            return f"boot check {self.made.boot_check}"
        subject = Subject(image.identity, recipe.region, recipe.name, recipe.system, recipe.boot_check)
        trial = BootTrial(subject, self._session)
        try:
            verdict = await trial.run(run, tell)
        finally:
            self.made.instance = trial.instance
        word = "passed" if verdict.passed else "failed"
        self.made.boot_check = f"{word} {_day(run.clock())}"
        await self._tag(recipe.region, image.identity, {TAG_CHECKED: self.made.boot_check})
        if verdict.passed:
            return f"boot check: {verdict.detail}"
        row = self._short(Outcome.FAILED, f"the image does not boot: {verdict.detail}", None)
        raise _Ended(msgspec.structs.replace(row, log=verdict.lines))

    async def _spread(self, run: Run, others: list[Target]) -> list[TargetReport]:
        """Copies, all at once, and then what tells of them; what was not copied is not published."""
        recipe, image = self.recipe, self.made.image
        assert image is not None
        named = {each.name: each for each in others}
        if not image.snapshots:
            image = await find_image(self._session, image.identity, image.region)
        pairs = [(region, named[copy_name(recipe, region)]) for region in recipe.copies]
        rows: list[TargetReport] = []
        acting = [(region, row) for region, row in pairs if row.refused is None]
        rows += [left_out(row) for _, row in pairs if row.refused is not None]
        self.made.copies = {region: self._found.copies[region] for region, row in pairs if row.refused is not None}

        async def copy(region: str, row: Target) -> tuple[TargetReport, Image | None]:
            report, copied = await copy_to(self._session, recipe, self._found, image, row, region, run)
            self._tell(run, report)
            return report, copied

        done = await asyncio.gather(*(copy(region, row) for region, row in acting))
        for (region, _), (row, copied) in zip(acting, done, strict=True):
            rows.append(row)
            if copied is not None:
                self.made.copies[region] = copied
        if recipe.publication is None:
            return rows
        if run.cancelling.is_set() or not all(row.outcome.is_success for row in rows):
            told = [each for each in others if each.name not in {row.name for row in rows}]
            return rows + [left_out(each, "not begun: not every copy is there") for each in told]
        images = [image, *self.made.copies.values()]
        return rows + list((await publishing_job(recipe.publication, images, self._session)(run)).targets)

    @staticmethod
    def _tell(run: Run, row: TargetReport) -> None:
        """What is done is in the journal even where the rest is cut off."""
        run.tell(TargetFinished(at=run.clock(), target=row.name, report=row))

    async def _tag(self, region: str, identity: str, tags: dict[str, str]) -> None:
        pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
        await self._session.call("ec2", "CreateTags", region, Resources=[identity], Tags=pairs)

    def _go_on(self, run: Run) -> None:
        if run.cancelling.is_set():
            raise Cancelled

    def _short(self, outcome: Outcome, reason: str, remedy: str | None) -> TargetReport:
        """The row of an image that is not all it was to be: what is there, how it goes on, how it goes away."""
        made, region = self.made, self.recipe.region
        where = f"{region}{by_profile(self._session.profile)}"
        left, away = "nothing was left at AWS", None
        if made.image is not None:
            left = f"{made.image.identity} is registered in {region}"
            away = f"nixtui image retire {made.image.identity} --region {where}"
        elif made.snapshots:
            left = f"snapshot {' and '.join(made.snapshots)} is complete in {region}"
            away = " && ".join(f"nixtui image discard {each} --region {where}" for each in made.snapshots)
        ways = [remedy, f"the same command goes on from there; to remove it instead: {away}" if away else None]
        return TargetReport(
            name=self.recipe.name,
            outcome=outcome,
            before=next(iter(made.snapshots), None),
            after=made.image.identity if made.image else None,
            detail=f"{reason}; {left}",
            remedy="; ".join(each for each in ways if each) or None,
        )

    def _instance_row(self) -> list[TargetReport]:
        """A row of its own for an instance of the boot check that is still there: it must not be overlooked."""
        if self.made.instance is None:
            return []
        return [
            TargetReport(
                name=f"instance {self.made.instance}",
                outcome=Outcome.FAILED,
                detail="the instance of the boot check could not be terminated; it runs and costs money",
                remedy=f"nixtui instance terminate {self.made.instance} --region {self.recipe.region}"
                f"{by_profile(self._session.profile)}",
            )
        ]


def _day(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
