"""What is in an image file, told by its bytes; and what is said of those that are no image."""

import os
import struct
from pathlib import Path

import pytest

from nixtui.images.blocks import Skip, read_blocks
from nixtui.images.disk import BadImage, Disk, ImageFile, boots, open_disk
from nixtui.images.qcow2 import as_disk
from tests.images.disks import MIB, convert, dynamic_vhd, fixed_vhd, sparse
from tests.operations.full_disk import may_mount, small_disk

SIZE = 64 * MIB + 512 * 3


def whole(disk: Disk) -> bytes:
    """All of it, read in pieces that fit nothing."""
    got = bytearray(disk.size)
    for offset in range(0, disk.size, 333 * 512):
        disk.read_into(memoryview(got)[offset : offset + 333 * 512], offset)
    return bytes(got)


def outside_extents(disk: Disk, content: bytes) -> bytes:
    left = bytearray(content)
    for offset, length in disk.extents():
        left[offset : offset + length] = bytes(length)
    return bytes(left)


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    return sparse(tmp_path / "disk.img", SIZE)


@pytest.mark.parametrize("form", ["raw", "vhd-fixed", "vhd-dynamic"])
def test_every_format_gives_the_same_disk(raw: Path, tmp_path: Path, form: str) -> None:
    made = {
        "raw": lambda: raw,
        "vhd-fixed": lambda: fixed_vhd(raw, tmp_path / "a"),
        "vhd-dynamic": lambda: dynamic_vhd(raw, tmp_path / "b"),
    }
    with ImageFile(made[form]()) as file:
        disk = open_disk(file)
        assert (disk.format, disk.size) == (form, SIZE)
        content = whole(disk)
        assert content == raw.read_bytes()
        assert outside_extents(disk, content) == bytes(SIZE), "data outside of what is said to be data"
        assert sum(length for _, length in disk.extents()) < SIZE
        assert boots(disk)


async def test_qcow2_is_unpacked_by_qemu_img_and_cleared_away(raw: Path, tmp_path: Path) -> None:
    image = convert(raw, tmp_path / "disk.qcow2", "qcow2")
    scratch = tmp_path / "scratch"
    async with as_disk(image, scratch, lambda _text: None) as disk:
        assert whole(disk) == raw.read_bytes()  # noqa: ASYNC240 # nobody else waits here
        assert os.listdir(scratch)  # noqa: PTH208 # pathlib blocks as much
    assert os.listdir(scratch) == []  # noqa: PTH208 # the same


async def test_qcow2_without_qemu_img_is_a_sentence(raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    image = convert(raw, tmp_path / "disk.qcow2", "qcow2")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BadImage, match="no qemu-img here"):
        async with as_disk(image, tmp_path, lambda _text: None):
            pass


def test_the_same_content_has_the_same_identity_in_every_format(raw: Path, tmp_path: Path) -> None:
    identities = set()
    for path in (raw, fixed_vhd(raw, tmp_path / "a.vhd"), dynamic_vhd(raw, tmp_path / "b.vhd")):
        with ImageFile(path) as file:
            identities.add(read_blocks(open_disk(file)).identity)
    assert len(identities) == 1


def test_sectors_that_a_dynamic_vhd_has_not_written_are_zeros_whatever_lies_there(raw: Path, tmp_path: Path) -> None:
    image = dynamic_vhd(raw, tmp_path / "disk.vhd")
    (table,) = struct.unpack_from(">Q", image.read_bytes(), 512 + 16)
    (first,) = struct.unpack_from(">I", image.read_bytes(), table)
    with image.open("r+b") as file:
        file.seek(first * 512)
        file.write(b"\xbf")  # of the first block, sector 1 was never written
        file.seek(first * 512 + 512 + 512)
        file.write(b"rubbish" * 8)
    expected = bytearray(raw.read_bytes())
    expected[512:1024] = bytes(512)
    with ImageFile(image) as file:
        assert whole(open_disk(file)) == bytes(expected)


def test_zero_blocks_are_left_out_only_when_that_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "disk.raw"
    path.write_bytes(b"a" * MIB + bytes(MIB) + b"b" * 512)
    with ImageFile(path) as file:
        found = read_blocks(open_disk(file))
    assert list(found.chosen(Skip.HOLES).indexes) == [0, 1, 2, 3, 4]
    assert list(found.chosen(Skip.ZEROS).indexes) == [0, 1, 4]
    os.truncate(path, 4 * MIB)
    with ImageFile(path) as file:
        longer = read_blocks(open_disk(file))
    assert list(longer.indexes) == [0, 1, 2, 3, 4]
    assert list(longer.chosen(Skip.NOTHING).indexes) == list(range(8))
    assert longer.identity != found.identity


def refused(path: Path) -> str:
    with ImageFile(path) as file, pytest.raises(BadImage) as caught:
        read_blocks(open_disk(file))
    return str(caught.value)


def test_a_vhd_that_is_none_is_refused(raw: Path, tmp_path: Path) -> None:
    raw.rename(tmp_path / "disk.vhd")
    assert "is called .vhd but is no VHD" in refused(tmp_path / "disk.vhd")


@pytest.mark.parametrize("make", [fixed_vhd, dynamic_vhd])
@pytest.mark.parametrize("cut", [1, 512, 700_000])
def test_a_vhd_that_was_cut_off_is_refused(raw: Path, tmp_path: Path, make, cut: int) -> None:
    image = make(raw, tmp_path / "disk.vhd")
    os.truncate(image, image.stat().st_size - cut)
    told = refused(image)
    assert "cut off" in told or "no VHD" in told


def test_a_dynamic_vhd_whose_blocks_are_missing_is_refused(raw: Path, tmp_path: Path) -> None:
    image = dynamic_vhd(raw, tmp_path / "disk.vhd")
    content = image.read_bytes()
    image.write_bytes(content[: len(content) // 2 // 512 * 512] + content[-512:])
    assert "cut off" in refused(image)


def test_a_gpt_that_tells_of_a_longer_disk_was_cut_off(raw: Path) -> None:
    with raw.open("r+b") as file:
        file.seek(512)
        file.write(b"EFI PART" + bytes(24) + struct.pack("<Q", SIZE // 512 - 1))
    with ImageFile(raw) as file:
        assert open_disk(file).size == SIZE
    os.truncate(raw, SIZE - 512)
    assert "its partition table is that of a disk of" in refused(raw)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"x" * 1000, "no whole number of 512-byte sectors"),
        (b"\x28\xb5\x2f\xfd" + bytes(1020), "compressed with zstd"),
        (b"vhdxfile" + bytes(1016), "a VHDX image"),
        (b"KDMV" + bytes(1020), "a VMDK image"),
    ],
)
def test_what_is_no_disk_is_said_with_the_next_step(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "odd.img"
    path.write_bytes(content)
    assert says in refused(path)


def test_no_file_and_no_file_at_all(tmp_path: Path) -> None:
    with pytest.raises(BadImage, match="there is no file"):
        ImageFile(tmp_path / "gone")
    with pytest.raises(BadImage, match="is no file"):
        ImageFile(tmp_path)


def test_random_bytes_after_the_magic_raise_nothing_else(raw: Path, tmp_path: Path) -> None:
    import random

    chance = random.Random(7)  # noqa: S311 # the same rubbish each time
    image = dynamic_vhd(raw, tmp_path / "disk.vhd")
    content = image.read_bytes()
    for _ in range(150):
        broken = bytearray(content)
        for _ in range(chance.randrange(1, 30)):
            broken[chance.randrange(0, 4096)] = chance.randrange(256)
        image.write_bytes(broken)
        with ImageFile(image) as file:
            try:
                disk = open_disk(file)
                if disk.size <= 2 * SIZE:
                    whole(disk)
            except BadImage:
                continue


@pytest.mark.skipif(not may_mount(), reason="mounting is not allowed here")
async def test_no_room_to_unpack_a_qcow2_is_said_with_the_place(raw: Path, tmp_path: Path) -> None:
    image = convert(raw, tmp_path / "disk.qcow2", "qcow2")
    with small_disk(tmp_path / "disk") as small:
        with pytest.raises(BadImage, match="No space left on device") as told:
            async with as_disk(image, small.directory / "images", lambda _: None):
                pass
        assert f"make room in {small.directory}/images" in str(told.value)
        assert list((small.directory / "images").iterdir()) == []
