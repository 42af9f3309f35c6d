"""The recycle bin on screen 4, against an AWS on loopback that has one."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from nixtui.tui.screens.progress import ProgressScreen
from nixtui.tui.screens.recycle_bin import RecycleBinScreen
from tests.aws.fake_bin import FakeBin
from tests.tui.screen import SIZES, line_with, press, until, until_shown, write
from tests.tui.test_images_screen import looking


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeBin]:
    """A whole account, also for the calls of this process."""
    directory = tmp_path / "account"
    directory.mkdir()
    with FakeBin(directory) as account:
        account.now = int(time.time()) - 86400
        for name, value in account.environ.items():
            monkeypatch.setenv(name, value)
        yield account


def retired(account: FakeBin, name: str) -> str:
    """An image that lies in the bin with its snapshot."""
    image = account.an_image(name)
    (snapshot,) = account.images[image].snapshots
    account._do_deregister_image({"ImageId": image}, "eu-central-1")
    account._do_delete_snapshot({"SnapshotId": snapshot}, "eu-central-1")
    return image


@pytest.mark.parametrize("size", SIZES)
async def test_what_lies_there_is_listed_and_an_image_comes_back_whole(size, tmp_path: Path, account: FakeBin) -> None:
    account.rule("EC2_IMAGE", 7)
    account.rule("EBS_SNAPSHOT", 14)
    image, other = retired(account, "web"), retired(account, "db")
    async with looking(tmp_path, account.environ, size, regions=("eu-central-1",)) as (app, pilot, _):
        await press(pilot, "shift+tab")
        await until(pilot, lambda: isinstance(app.screen, RecycleBinScreen), "the bin")
        await until_shown(pilot, "4 in eu-central-1")
        assert "image" in line_with(app, "db  ")
        await press(pilot, "slash")
        await write(pilot, "web image")
        await press(pilot, "enter")
        await until_shown(pilot, "1 of 4 in")
        await press(pilot, *"JJ")
        await until_shown(pilot, "Restored, it has its id")
        await press(pilot, "R")
        await until_shown(pilot, "▸ Cancel ◂")
        await until(pilot, lambda: app.screen.decision.why_not() is None, "the plan")  # type: ignore[attr-defined]
        (step,) = app.screen.draft.plan.steps  # type: ignore[attr-defined]
        assert [each.split(" ")[0] for each in step.commands] == [
            "ec2:RestoreSnapshotFromRecycleBin",
            "ec2:RestoreImageFromRecycleBin",
        ]
        await press(pilot, "right", "enter")
        await until(pilot, lambda: isinstance(app.screen, ProgressScreen), "the operation")
        await until(pilot, lambda: app.screen.operation.report is not None, "its end")  # type: ignore[attr-defined]
        assert (image in account.images, other in account.images) == (True, False)
        while isinstance(app.screen, ProgressScreen):  # the message goes first, then the screen
            await press(pilot, "escape")
        await press(pilot, "escape")
        await until_shown(pilot, "2 in eu-central-1")


async def test_an_empty_one_says_what_comes_there_and_a_closed_one_why(tmp_path: Path, account: FakeBin) -> None:
    async with looking(tmp_path, account.environ, regions=("eu-central-1",)) as (_, pilot, _):
        await press(pilot, "shift+tab")
        await until_shown(pilot, "The recycle bin is empty.")
        account.denied = {"ListSnapshotsInRecycleBin"}
        await press(pilot, "ctrl+r")
        await until_shown(pilot, "may not call ec2:ListSnapshotsInRecycleBin")
        await press(pilot, "tab")
        await until_shown(pilot, "[Images]")


async def test_read_only_restores_nothing(tmp_path: Path, account: FakeBin) -> None:
    account.rule("EC2_IMAGE", 7)
    retired(account, "web")
    async with looking(tmp_path, account.environ, regions=("eu-central-1",), read_only=True) as (app, pilot, _):
        await press(pilot, "shift+tab")
        await until_shown(pilot, "1 in eu-central-1")
        await press(pilot, "R")
        assert any(each.text.endswith("nixtui runs read-only") for each in app.session.notices._kept)
        assert isinstance(app.screen, RecycleBinScreen)
