"""Sending an image as a snapshot, taken up where an earlier run was cut off."""

import asyncio
import os
import time
from dataclasses import dataclass

import msgspec

from nixtui.aws.errors import AwsError, Kind
from nixtui.aws.logins import by_profile
from nixtui.aws.pace import CEILING, Pace
from nixtui.aws.session import Session
from nixtui.aws.snapshots import BLOCK, complete, exists, is_sealed, line_to, start, wait_completed
from nixtui.images.blocks import BlockMap, Skip
from nixtui.images.disk import BadImage
from nixtui.images.ledger import Busy, Ledger, LedgerUnavailable, Upload
from nixtui.images.manifest import digests_of, pack, prune
from nixtui.images.sending import Sender, in_order
from nixtui.images.upload import Prospect
from nixtui.operations.events import Progress
from nixtui.operations.narrator import Narrator
from nixtui.operations.operation import Cancelled, Run
from nixtui.operations.report import Outcome, Report, TargetReport

_TELL_EVERY_S = 1.0
_NOTE_EVERY_S = 10.0
_RESTARTS = 2
"""How often a snapshot that AWS gave up is begun anew before that is an error."""


@dataclass(slots=True)
class Sent:
    """What an upload came to. `sent` are the blocks of this run, `resumed` those of earlier ones."""

    snapshot: str | None
    gib: int
    skipped: int
    sent: int = 0
    resumed: int = 0
    seconds: float = 0.0
    throttled: int = 0
    parent: str | None = None


class UploadJob:
    """Sends one image. Call it as the job of an operation; `sent` is what came of it."""

    def __init__(self, prospect: Prospect, session: Session, *, ceiling: float = CEILING) -> None:
        parent = prospect.parent.snapshot if prospect.parent else None
        self.sent = Sent(prospect.existing, prospect.gib, prospect.blocks.total, parent=parent)
        self._prospect = prospect
        self._wanted = prospect.wanted
        self._session = session
        self._ceiling = ceiling

    async def __call__(self, run: Run) -> Report:
        """Carry it out; whatever goes wrong is told in the report, with what is left at AWS."""
        began = time.monotonic()
        tell = Narrator(run, self._wanted.name)
        try:
            with Ledger(self._prospect.directory, self._prospect.key) as ledger:
                done = await self._upload(run, tell, ledger)
        except Busy as error:
            done = self._report(Outcome.REFUSED, str(error), "wait for it, or end it")
        except LedgerUnavailable as error:
            done = self._report(Outcome.FAILED, f"{error.reason}; {self._left()}", error.remedy)
        self.sent.seconds = time.monotonic() - began
        return Report(
            operation=run.operation,
            outcome=done.outcome,
            targets=(msgspec.structs.replace(done, seconds=self.sent.seconds),),
            interrupted=run.cancelling.is_set() and done.outcome is not Outcome.COMMITTED,
        )

    async def _upload(self, run: Run, tell: Narrator, ledger: Ledger) -> TargetReport:
        try:
            for _ in range(_RESTARTS):
                try:
                    return await self._attempt(run, tell, ledger)
                except AwsError as error:
                    upload = ledger.read()
                    if error.kind is not Kind.NOT_FOUND or upload is None:
                        raise
                    tell.end(False, str(error))
                    tell.note(f"AWS no longer has snapshot {upload.snapshot}; beginning anew")
                    ledger.forget_blocks()
                    ledger.write(self._fresh(upload.attempt + 1))
            return await self._attempt(run, tell, ledger)
        except Cancelled:
            tell.end(False, "stopped")
            return self._report(Outcome.FAILED, f"stopped; {self._left()}", self._way_on())
        except (AwsError, BadImage, LedgerUnavailable, OSError) as error:
            tell.end(False, str(error))
            passing = isinstance(error, AwsError) and error.may_pass
            remedies = (getattr(error, "remedy", None), self._way_on())
            return self._report(
                Outcome.UNREACHABLE if passing else Outcome.FAILED,
                f"{getattr(error, 'reason', str(error))}; {self._left()}",
                "; ".join(each for each in remedies if each),
            )

    async def _attempt(self, run: Run, tell: Narrator, ledger: Ledger) -> TargetReport:
        upload = await self._begin(run, tell, ledger)
        blocks = self._blocks(upload)
        there, begun = ledger.blocks()
        places = in_order(blocks, there, begun)
        self.sent.resumed = len(blocks.indexes) - len(places)
        self.sent.skipped = blocks.total - len(blocks.indexes)
        detail = ""
        if places:
            if self.sent.resumed:
                tell.note(f"going on: {self.sent.resumed} of {len(blocks.indexes)} blocks are there already")
            detail = await self._send(run, tell, ledger, upload, blocks, places)
        await self._seal(run, tell, ledger, upload, blocks)
        counts = f"{self.sent.sent} blocks sent{detail}, {self.sent.skipped} skipped"
        counts += f", onto {self.sent.parent}" if self.sent.parent else ""
        return self._report(Outcome.COMMITTED, counts, None, upload.snapshot)

    async def _begin(self, run: Run, tell: Narrator, ledger: Ledger) -> Upload:
        """The snapshot of an earlier run, or a new one. Its token is on the disk before AWS hears of it."""
        upload = ledger.read()
        if upload is None:
            upload = self._fresh(0)
            ledger.forget_blocks()
            ledger.write(upload)
        if upload.snapshot is None:
            tell.begin("starting the snapshot")
            wanted = self._wanted
            started = await start(
                self._session,
                wanted.region,
                gib=self._prospect.gib,
                token=upload.token,
                description=wanted.name,
                tags={"Name": wanted.name, **wanted.tags},
                kms_key=wanted.kms_key,
                parent=upload.parent,
            )
            upload.snapshot, upload.encrypted = started.identity, started.encrypted
            upload.started_at = run.clock()
            self.sent.snapshot = upload.snapshot  # before anything can fail here: it is there
            ledger.write(upload)
            tell.end(True, started.identity)
        self.sent.snapshot = upload.snapshot
        return upload

    def _blocks(self, upload: Upload) -> BlockMap:
        """What has to be sent: everything where AWS made the snapshot an encrypted one by itself."""
        return self._prospect.read.chosen(Skip.NOTHING) if upload.encrypted else self._prospect.blocks

    async def _send(
        self, run: Run, tell: Narrator, ledger: Ledger, upload: Upload, blocks: BlockMap, places: list[int]
    ) -> str:
        assert upload.snapshot is not None
        tell.begin("sending blocks")
        line = await line_to(
            self._session, self._wanted.region, upload.snapshot, started_at=upload.started_at or run.clock()
        )
        pace = Pace(self._ceiling)
        sender = Sender(line, self._prospect.disk, blocks, ledger, pace)
        began = time.monotonic()
        sending = asyncio.ensure_future(self._session.thread(lambda: sender.run(places)))
        watching = asyncio.ensure_future(self._watch(run, tell, sender, len(places)))
        try:
            await run.unless_cancelled(asyncio.shield(sending))
        finally:
            sender.stop()
            watching.cancel()
            await asyncio.gather(sending, watching, return_exceptions=True)
            self.sent.sent, self.sent.throttled = sender.sent, pace.throttled_count
        speed = sender.sent * BLOCK / max(0.001, time.monotonic() - began) / 1024**2
        tell.end(True, f"{speed:.0f} MiB/s")
        return f" at {speed:.0f} MiB/s"

    async def _watch(self, run: Run, tell: Narrator, sender: Sender, total: int) -> None:
        began = noted = time.monotonic()
        step = "sending blocks"
        while True:
            await asyncio.sleep(_TELL_EVERY_S)
            done, now = sender.sent, time.monotonic()
            run.tell(
                Progress(
                    at=run.clock(),
                    target=self._wanted.name,
                    step=step,
                    done=done * BLOCK,
                    total=total * BLOCK,
                    unit="bytes",
                )
            )
            if done and now - noted >= _NOTE_EVERY_S:
                noted = now
                speed = done / (now - began)
                left = (total - done) / speed
                tell.note(f"{done / total:.0%} sent, {speed * BLOCK / 1024**2:.0f} MiB/s, {left:.0f} s left")

    async def _seal(self, run: Run, tell: Narrator, ledger: Ledger, upload: Upload, blocks: BlockMap) -> None:
        assert upload.snapshot is not None
        tell.begin("sealing")
        region, snapshot, count = self._wanted.region, upload.snapshot, len(blocks.indexes)
        again, upload.state = upload.state == "sealing", "sealing"
        ledger.write(upload)
        try:
            status = await complete(self._session, region, snapshot, blocks=count, checksum=blocks.checksum())
        except AwsError:
            if not (again and await is_sealed(self._session, region, snapshot)):
                raise
            status = "completed"  # by the run that was cut off
        if status == "error":
            await exists(self._session, region, snapshot)
        if status != "completed":
            waiting = wait_completed(self._session, region, snapshot)
            if await run.unless_cancelled(waiting) is not True:
                tell.note("AWS takes it over; that it is complete could not be seen")
        upload.state, upload.blocks = "completed", count
        try:
            ledger.write(upload)
            if not upload.encrypted:
                inherited = self._prospect.parent.digests if self._prospect.parent else {}
                ledger.keep_digests(pack({**inherited, **digests_of(blocks)}))
                prune(self._prospect.directory)
        except LedgerUnavailable as error:
            tell.note(f"{snapshot} is complete, and that could not be noted: {error}")  # AWS is asked the next time
        tell.end(True)

    def _fresh(self, attempt: int) -> Upload:
        """The token is new: that of a snapshot which was deleted since would be refused, or bring it to light again."""
        prospect, wanted = self._prospect, self._wanted
        token = os.urandom(24).hex()
        return Upload(
            content=prospect.read.identity,
            region=wanted.region,
            endpoint=prospect.endpoint,
            name=wanted.name,
            gib=prospect.gib,
            skip=wanted.skip.value,
            kms_key=wanted.kms_key,
            parent=self.sent.parent,
            token=token,
            attempt=attempt,
        )

    def _left(self) -> str:
        if self.sent.snapshot is None:
            return "nothing was left at AWS"
        there = self.sent.sent + self.sent.resumed
        return f"pending snapshot {self.sent.snapshot} is left in {self._wanted.region} with {there} blocks"

    def _way_on(self) -> str | None:
        if self.sent.snapshot is None:
            return None
        where = f"--region {self._wanted.region}{by_profile(self._session.profile)}"
        return (
            "the same command goes on from there within three days; to remove it instead: "
            f"nixtui image discard {self.sent.snapshot} {where}"
        )

    def _report(self, outcome: Outcome, detail: str, remedy: str | None, after: str | None = None) -> TargetReport:
        return TargetReport(name=self._wanted.name, outcome=outcome, after=after, detail=detail, remedy=remedy)
