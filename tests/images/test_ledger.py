"""The block journal: what it still knows after anything that can happen to it."""

import os
from pathlib import Path

import pytest

from nixtui.images.ledger import Busy, Ledger, LedgerUnavailable, Upload
from tests.operations.full_disk import may_mount, small_disk

UPLOAD = Upload(content="c", region="r", endpoint="", name="n", gib=1, skip="holes", token="t", snapshot="snap-1")


def test_blocks_are_known_again_and_those_under_way_are_counted(tmp_path: Path) -> None:
    with Ledger(tmp_path, "k") as ledger:
        ledger.write(UPLOAD)
        for index in (0, 1, 2, 1):
            ledger.begin(index)
        ledger.there(0)
    with Ledger(tmp_path, "k") as ledger:
        assert ledger.read() == UPLOAD
        assert ledger.blocks() == ({0}, {1: 2, 2: 1})


@pytest.mark.parametrize("damage", [b"", b"\0" * 12, b"\xff" * 24, b"\1\2\3"])
def test_broken_records_are_blocks_that_are_not_there(tmp_path: Path, damage: bytes) -> None:
    with Ledger(tmp_path, "k") as ledger:
        ledger.there(5)
        os.write(ledger._file, damage)
    with Ledger(tmp_path, "k") as ledger:
        assert ledger.blocks()[0] == {5}
        ledger.there(6)
    with Ledger(tmp_path, "k") as ledger:
        assert ledger.blocks()[0] == {5, 6}


@pytest.mark.skipif(not may_mount(), reason="mounting is not allowed here")
def test_the_last_bytes_of_a_full_disk_put_no_later_record_out_of_step(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        with Ledger(disk.directory, "k") as ledger:
            ledger.write(UPLOAD)
            ledger.there(0)
            disk.fill()
            with pytest.raises(LedgerUnavailable, match="the disk is full"):
                for index in range(1, 4096):  # a page of the file holds no whole number of records
                    ledger.there(index)
            known, _ = ledger.blocks()
            assert len(known) == 4096 // 12
            with pytest.raises(LedgerUnavailable):
                ledger.write(UPLOAD)
            assert ledger.read() == UPLOAD
            assert {each.suffix for each in disk.directory.glob("k.*")} == {".json", ".blocks"}
            disk.free()
            ledger.there(5000)
        with Ledger(disk.directory, "k") as ledger:
            assert ledger.blocks()[0] == known | {5000}


def test_a_head_that_cannot_be_read_is_a_new_upload(tmp_path: Path) -> None:
    (tmp_path / "k.json").write_bytes(b'{"content": 1')
    with Ledger(tmp_path, "k") as ledger:
        assert ledger.read() is None


def test_two_cannot_send_the_same(tmp_path: Path) -> None:
    with Ledger(tmp_path, "k"):
        with pytest.raises(Busy):
            Ledger(tmp_path, "k").__enter__()
        with Ledger(tmp_path, "another"):
            pass
