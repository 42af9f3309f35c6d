"""`nixtui image create` with everything that can be wrong: one sentence, the next step, nothing left unsaid."""

from collections.abc import Callable
from pathlib import Path

import pytest

from nixtui.aws.session import Session
from nixtui.images.leftovers import leftovers
from tests.aws.fake_aws import REGION
from tests.aws.fake_cloud import FakeCloud
from tests.cli.conftest import Shell
from tests.images.conftest import MakeCloud
from tests.images.disks import MIB, dynamic_vhd, sparse


@pytest.fixture
def raw(shell: Shell) -> Path:
    return sparse(shell.directory / "disk.raw", 8 * MIB, 4, most=MIB)


def create(shell: Shell, file: str = "disk.raw", *more: str):
    return shell.run("image", "create", "--file", file, "--name", "web", "--arch", "x86_64", "--yes", *more)


def no_vhd(directory: Path) -> None:
    (directory / "disk.vhd").write_bytes((directory / "disk.raw").read_bytes())


def cut_off_vhd(directory: Path) -> None:
    whole = dynamic_vhd(directory / "disk.raw", directory / "whole.vhd").read_bytes()
    (directory / "disk.vhd").write_bytes(whole[: len(whole) // 2])


def cut_off_raw(directory: Path) -> None:
    (directory / "disk.vhd").unlink(missing_ok=True)
    with (directory / "disk.raw").open("r+b") as file:
        file.truncate(8 * MIB - 100)


@pytest.mark.parametrize(
    ("spoil", "file", "says"),
    [
        (no_vhd, "disk.vhd", "is no VHD: its last sector has no footer"),
        (cut_off_vhd, "disk.vhd", "is cut off"),
        (cut_off_raw, "disk.raw", "is cut off"),
        (lambda _: None, "gone.raw", "there is no file"),
    ],
)
def test_what_is_no_image_is_said_before_aws_is_asked(
    shell: Shell, cloud: FakeCloud, raw: Path, spoil: Callable[[Path], None], file: str, says: str
) -> None:
    spoil(shell.directory)
    ended = create(shell, file)
    assert (ended.code, says in ended.err, "Traceback" in ended.err) == (2, True, False), ended.err
    assert not cloud.calls


@pytest.mark.parametrize(
    ("refusal", "says"),
    [
        ((403, "AccessDeniedException", "no"), '"ebs:StartSnapshot"'),
        ((402, "ServiceQuotaExceededException", "no"), "have the quota raised"),
        ((400, "ExpiredTokenException", "old"), "log in again"),
    ],
)
def test_what_only_shows_when_it_is_called_leaves_nothing(
    shell: Shell, make_cloud: MakeCloud, raw: Path, refusal: tuple[int, str, str], says: str
) -> None:
    cloud = make_cloud(start_refuse=refusal)
    ended = create(shell)
    assert (ended.code, says in ended.out) == (1, True), ended.out
    assert "nothing was left at AWS" in ended.out
    assert not cloud.snapshots


def test_credentials_that_expire_before_leave_one_sentence(shell: Shell, cloud: FakeCloud, raw: Path) -> None:
    cloud.expired = True
    ended = create(shell)
    assert (ended.code, "log in again" in ended.err) == (1, True), ended.err
    assert not cloud.snapshots


async def test_a_snapshot_in_error_is_named_listed_and_sent_anew_once_it_is_gone(
    shell: Shell, cloud: FakeCloud, raw: Path
) -> None:
    cloud.snapshots_fail = True
    ended = create(shell)
    (snapshot,) = cloud.snapshots
    assert ended.code == 1, ended.err
    assert f"AWS says snapshot {snapshot} is in error" in ended.out
    (left,) = shell.run("image", "left", "--json").json
    assert (left["id"], left["why"]) == (snapshot, "AWS says that it is in error")
    cloud.snapshots_fail = False
    assert shell.run(*left["remedy"].split()[1:], "--yes").code == 0
    ended = create(shell)
    assert ended.code == 0, ended.out
    assert shell.run("image", "left").err == f"nothing is left in {REGION}\n"


async def test_all_that_was_left_is_listed_with_the_command_that_removes_it(
    shell: Shell, make_cloud: MakeCloud, raw: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud = make_cloud(refuse=(403, "AccessDeniedException", "no"))
    ended = create(shell)
    (pending,) = cloud.snapshots
    assert f"pending snapshot {pending} is left" in ended.out
    cloud.faults.refuse = None
    cloud.console = "Kernel panic - not syncing: no\n"
    ended = create(shell, "disk.raw", "--boot-check")
    assert ended.code == 1
    (image,) = cloud.images
    for instance in cloud.instances.values():
        instance.state = "running"  # as if its boot check had been killed
    sparse(shell.directory / "other.raw", 4 * MIB, 2, most=MIB, seed=2)
    cloud.faults.refuse = (403, "AccessDeniedException", "no")
    assert shell.run("image", "upload", "other.raw", "--name", "other").code == 1
    (other,) = set(cloud.snapshots) - {pending}
    for name, value in cloud.environ.items():
        monkeypatch.setenv(name, value)
    async with Session(cloud.environ) as session:
        found = await leftovers(session, [REGION], Path(shell.environ["XDG_STATE_HOME"], "nixtui"))
    assert {(each.kind, each.identity) for each in found} == {
        ("snapshot", other),
        ("image", image),
        ("instance", next(iter(cloud.instances))),
    }
    whys = {each.kind: each.why for each in found}
    assert whys["snapshot"] == "its upload was not finished, and can go on from here"
    assert whys["image"].startswith("its boot check failed")
    assert whys["instance"].startswith(f"a boot check of {image} started it")
    assert all(each.remedy.startswith("nixtui ") for each in found)
