"""`nixtui instance replace-root` against an EC2 that keeps the rules of replacements."""

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.aws.fake_aws import REGION, Snapshot
from tests.aws.fake_cloud import FakeCloud, InstanceOfFake
from tests.cli.conftest import Shell, shell

__all__ = ["shell"]


@pytest.fixture
def cloud(tmp_path: Path, shell: Shell) -> Iterator[FakeCloud]:
    (tmp_path / "aws").mkdir()
    with FakeCloud(tmp_path / "aws") as cloud:
        shell.environ.update(cloud.environ)
        yield cloud


def an_image(cloud: FakeCloud, name: str, **more: str) -> str:
    snapshot = Snapshot(f"snap-{os.urandom(8).hex()}0", 1, {}, Path("/dev/null"), state="completed")
    cloud.snapshots[snapshot.identity] = snapshot
    image = cloud._new_image({"Name": name, **more}, REGION, [snapshot.identity], {})
    image.state = "available"
    return image.identity


@pytest.fixture
def web(cloud: FakeCloud) -> InstanceOfFake:
    image = an_image(cloud, "old")
    instance = InstanceOfFake("i-0a1b2c3d4e5f60718", image, {}, {"Name": "web"}, state="running")
    cloud.instances[instance.identity] = instance
    return instance


def replace(shell: Shell, image: str, *more: str):
    return shell.run("instance", "replace-root", "web", "--image", image, *more)


def test_an_instance_gets_the_disk_of_another_image(shell: Shell, cloud: FakeCloud, web: InstanceOfFake) -> None:
    image = an_image(cloud, "new")
    assert replace(shell, image).code == 5
    dry = replace(shell, image, "--dry-run")
    assert "everything on its root volume is gone" in dry.out
    ended = replace(shell, image, "--yes", "--json")
    assert ended.code == 0, (ended.out, ended.err)
    assert web.image == image
    (task,) = cloud.replacements.values()
    assert task["delete"] is True
    (row,) = ended.json["hosts"]
    assert (row["name"], row["outcome"], row["to"]) == (f"web ({web.identity})", "committed", image)


@pytest.mark.parametrize(
    ("states", "outcome", "code", "says"),
    [
        (("in-progress", "failing", "failed"), "reverted", 1, "it has its old root volume again"),
        (("in-progress", "failed-detached"), "failed", 1, "has no root volume now"),
    ],
)
def test_one_that_fails_says_what_the_instance_has_now(
    shell: Shell, cloud: FakeCloud, web: InstanceOfFake, states: tuple[str, ...], outcome: str, code: int, says: str
) -> None:
    cloud.replacement_states = states
    ended = replace(shell, an_image(cloud, "new"), "--keep-volume", "--yes", "--json")
    (row,) = ended.json["hosts"]
    assert (ended.code, row["outcome"]) == (code, outcome), ended.err
    assert says in row["detail"]


def test_what_could_not_start_is_refused(shell: Shell, cloud: FakeCloud, web: InstanceOfFake) -> None:
    arm = an_image(cloud, "arm", Architecture="arm64", BootMode="uefi")
    uefi = an_image(cloud, "uefi", BootMode="uefi")
    for image, says in ((arm, "it is x86_64, the image arm64"), (uefi, "it boots by legacy-bios, the image by uefi")):
        ended = replace(shell, image, "--yes")
        assert (ended.code, says in ended.out) == (5, True), ended.out
    web.state = "stopped"
    assert "it is stopped" in replace(shell, an_image(cloud, "new"), "--yes").out
    assert cloud.replacements == {}


def test_one_that_is_no_longer_watched_goes_on_and_is_not_begun_twice(
    shell: Shell, cloud: FakeCloud, web: InstanceOfFake
) -> None:
    cloud.replacement_states = ("in-progress",) * 500
    image = an_image(cloud, "new")
    process = shell.start("instance", "replace-root", "web", "--image", image, "--yes", "--json")
    deadline = time.monotonic() + 60
    while not any(task["state"] == "in-progress" for task in cloud.replacements.values()):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    (row,) = json.loads(out)["hosts"]
    assert row["outcome"] == "unknown"
    assert "cannot be stopped and goes on at AWS" in row["detail"]
    again = replace(shell, image, "--yes")
    assert (again.code, "is under way" in again.out) == (5, True), again.out
    assert len(cloud.replacements) == 1
