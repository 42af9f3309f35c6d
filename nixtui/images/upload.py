"""What sending a disk image as a snapshot would mean: read, compared with what was sent before, and planned."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from nixtui.aws.errors import AwsError, Kind
from nixtui.aws.pace import CEILING
from nixtui.aws.session import Session
from nixtui.aws.snapshots import MOST_VOLUME_GIB, exists
from nixtui.images.blocks import BlockMap, Skip, read_blocks
from nixtui.images.disk import BadImage, Disk, boots
from nixtui.images.ledger import Busy, Ledger, LedgerUnavailable, read_all
from nixtui.images.manifest import Parent, differing, known_as, nearest, unfinished_parent
from nixtui.images.naming import refuse_image_name
from nixtui.operations.plan import Plan, Step, Target
from nixtui.operations.report import Outcome

PRICE_PER_1000_BLOCKS = 0.006
"""US dollars, of PutSnapshotBlock in us-east-1; other regions differ little."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for; `gib` is `None` for the least volume that holds the disk.

    `incremental` ones are made onto the snapshot that has most in common with them, where there is one.
    """

    name: str
    region: str
    gib: int | None = None
    skip: Skip = Skip.HOLES
    kms_key: str | None = None
    incremental: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Prospect:
    """An image that was read, and what is known of sending it. `existing` is a snapshot that has it already."""

    disk: Disk
    source: str
    wanted: Wanted
    blocks: BlockMap
    read: BlockMap
    encrypted: bool | None
    existing: str | None
    directory: Path
    endpoint: str
    parent: Parent | None = None

    @property
    def gib(self) -> int:
        """The volume's size."""
        return self.wanted.gib or self.read.gib

    @property
    def key(self) -> str:
        """What the journal of this upload is called: the same bytes to the same place."""
        wanted = self.wanted
        chosen = sha256(self.blocks.indexes.tobytes() + self.blocks.checksum()).hexdigest()
        parts: tuple[str, ...] = (
            self.read.identity,
            wanted.region,
            self.endpoint,
            str(self.gib),
            wanted.kms_key or "",
            chosen,
        )
        parts += (self.parent.snapshot,) if self.parent else ()
        return sha256("\n".join(parts).encode()).hexdigest()[:32]


def check_wanted(wanted: Wanted) -> None:
    """Raise `BadImage` for what AWS would refuse at the end."""
    if reason := refuse_image_name(wanted.name):
        raise BadImage(f"the name {reason}", "choose another --name")
    if wanted.incremental and wanted.skip is Skip.NOTHING:
        raise BadImage("--skip nothing sends every block, and --incremental only what differs", "leave one of them out")
    if wanted.gib is not None and not 1 <= wanted.gib <= MOST_VOLUME_GIB:
        raise BadImage(f"{wanted.gib} GiB is no size of a volume", f"choose 1 to {MOST_VOLUME_GIB}")


async def look(session: Session, disk: Disk, source: str, wanted: Wanted, state: Path) -> Prospect:
    """Read the image and ask what is there. Raises `BadImage` and `AwsError`. Changes nothing."""
    check_wanted(wanted)
    if wanted.gib is not None and disk.size > wanted.gib * 1024**3:
        least = -(-disk.size // 1024**3)
        raise BadImage(
            f"the image is larger than the snapshot: a disk of {disk.size} bytes does not fit into {wanted.gib} GiB",
            f"give {least} or more",
        )
    if disk.size > MOST_VOLUME_GIB * 1024**3:
        raise BadImage("the image is larger than any volume", f"EBS holds {MOST_VOLUME_GIB} GiB")
    read = await session.thread(lambda: read_blocks(disk))
    encrypted = True if wanted.kms_key else await encrypts(session, wanted.region)
    skip = Skip.NOTHING if encrypted else wanted.skip
    blocks = read.chosen(skip)
    endpoint = session.endpoint or ""
    directory = state / "uploads"
    content = read.identity
    existing = await _existing(session, directory, content, wanted, wanted.gib or read.gib, endpoint)
    parent = None
    if wanted.incremental and encrypted is False and existing is None:
        parent = await _parent(session, directory, read, wanted, endpoint)
        blocks = differing(read, parent) if parent else blocks
    return Prospect(disk, source, wanted, blocks, read, encrypted, existing, directory, endpoint, parent)


async def _parent(session: Session, directory: Path, read: BlockMap, wanted: Wanted, endpoint: str) -> Parent | None:
    gib = wanted.gib or read.gib
    begun = unfinished_parent(directory, read.identity, region=wanted.region, endpoint=endpoint, gib=gib)
    if begun and (parent := known_as(directory, begun)) and await exists(session, wanted.region, begun):
        return parent
    return await nearest(session, directory, read, region=wanted.region, endpoint=endpoint, gib=gib)


def plan_upload(prospect: Prospect) -> Plan:
    """What would be done, with its cost."""
    wanted, blocks = prospect.wanted, prospect.blocks
    count, gib = len(blocks.indexes), prospect.gib
    already = f"{prospect.existing} has this content already" if prospect.existing else None
    target = Target(
        name=wanted.name,
        after=prospect.existing or f"{gib} GiB in {wanted.region}",
        refused=already,
        refused_as=Outcome.UNCHANGED,
        facts={"region": wanted.region, "key": prospect.key, "file": prospect.source},
    )
    onto = f" --parent-snapshot-id {prospect.parent.snapshot}" if prospect.parent else ""
    start = f"ebs:StartSnapshot --volume-size {gib} --region {wanted.region}{onto}"
    steps = (
        Step(
            f"start a snapshot of {gib} GiB{f', onto {prospect.parent.snapshot}' if prospect.parent else ''}", (start,)
        ),
        Step(
            f"send {count} of {blocks.total} blocks of 512 KiB, about ${count / 1000 * PRICE_PER_1000_BLOCKS:.3f}",
            (f"ebs:PutSnapshotBlock, {count} times, at most {CEILING:.0f} a second",),
        ),
        Step("seal it with the checksum of all blocks", (f"ebs:CompleteSnapshot --changed-blocks-count {count}",)),
    )
    return Plan(
        kind="image-upload",
        title=f"Send {prospect.source} ({prospect.disk.format}) as a snapshot named {wanted.name}",
        targets=(target,),
        steps=steps,
        warnings=tuple(warnings_of(prospect)),
    )


def warnings_of(prospect: Prospect) -> list[str]:
    """What one should know before it is sent."""
    warnings = []
    if not boots(prospect.disk):
        warnings.append("the disk has no boot sector or partition table; an instance will not start from it")
    if prospect.wanted.incremental and prospect.existing is None and prospect.parent is None:
        why = (
            "snapshots are encrypted there" if prospect.encrypted else "no snapshot that was sent from here is like it"
        )
        warnings.append(
            f"all of it is sent: {why if prospect.encrypted is not None else 'encryption could not be asked'}"
        )
    if prospect.encrypted:
        warnings.append(
            "the snapshot will be encrypted, and where nothing is written encrypted volumes show noise: every block "
            "is sent, holes too"
        )
    elif prospect.wanted.skip is Skip.ZEROS and prospect.parent is None:
        warnings.append(
            "blocks of zeros are left out: in encrypted copies and launches of this snapshot they will show noise"
        )
    return warnings


async def encrypts(session: Session, region: str) -> bool | None:
    """Whether the region encrypts every snapshot by default; `None` where that cannot be asked."""
    try:
        answer = await session.call("ec2", "GetEbsEncryptionByDefault", region)
    except AwsError as error:
        if error.kind is Kind.EXPIRED:
            raise
        return None
    return bool(answer.get("EbsEncryptionByDefault"))


async def _existing(
    session: Session, directory: Path, content: str, wanted: Wanted, gib: int, endpoint: str
) -> str | None:
    """A snapshot that an earlier upload of the same content left, and that is still there."""
    for key, known in read_all(directory):
        same = (known.content, known.region, known.endpoint, known.gib) == (content, wanted.region, endpoint, gib)
        if not (same and known.state == "completed" and known.snapshot) or known.kms_key != wanted.kms_key:
            continue
        if await exists(session, wanted.region, known.snapshot) is not False:
            return known.snapshot
        with suppress(Busy, LedgerUnavailable), Ledger(directory, key) as ledger:
            ledger.forget()  # somebody deleted the snapshot
    return None
