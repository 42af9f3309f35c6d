"""`nixtui image create` against a whole account on loopback: one operation, and every way in which it is cut off."""

import json
import random
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from nixtui.activation.reattach import find_out
from nixtui.model.host import Host
from nixtui.operations.events import TargetFinished
from nixtui.operations.journal import Entry
from nixtui.operations.plan import Plan, Target
from nixtui.operations.report import Outcome, TargetReport
from nixtui.remote.transport import Transport
from tests.aws.fake_aws import REGION
from tests.aws.fake_cloud import BOOTED, FakeCloud
from tests.cli.conftest import Shell
from tests.images.conftest import MakeCloud
from tests.images.disks import MIB, sparse
from tests.images.image_flake import write_image_flake
from tests.nix.systems_flake import nix_environ
from tests.operations.full_disk import may_mount, small_disk

SIZE = 24 * MIB
SYSTEM = "/nix/store/0123456789abcdfghijklmnpqrsvwxyz-nixos-system-web-25.11"


@pytest.fixture
def raw(shell: Shell) -> Path:
    return sparse(shell.directory / "disk.raw", SIZE)


WORDS = ("image", "create", "--file", "disk.raw", "--name", "web 25.11", "--arch", "x86_64", "--system", SYSTEM)


def create(shell: Shell, *more: str):
    return shell.run(*WORDS, "--yes", "--json", *more, timeout=150)


def start(shell: Shell, *more: str) -> subprocess.Popen[str]:
    return shell.start(*WORDS, "--yes", "--json", *more)


def wait_until(process: subprocess.Popen[str], holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 90
    while not holds():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)


def only(things):
    (one,) = things
    return one


@pytest.mark.skipif(not may_mount(), reason="mounting is not allowed here")
def test_a_disk_that_runs_full_is_one_sentence_and_with_room_it_goes_on(
    shell: Shell, cloud: FakeCloud, raw: Path, tmp_path: Path
) -> None:
    with small_disk(tmp_path / "small") as disk:
        shell.environ["XDG_STATE_HOME"] = str(disk.directory)
        cloud.meanwhile["StartSnapshot", 1] = disk.fill
        ended = create(shell)
        assert ended.code == 1, ended.err
        (identity,) = cloud.snapshots
        assert "the journal of blocks in" in ended.out
        assert "cannot be written: the disk is full; pending snapshot " + identity in ended.out
        assert "make room there; the same command goes on from there" in ended.out
        disk.free()
        ended = create(shell)
        assert ended.code == 0, ended.err
        assert set(cloud.snapshots) == {identity}
        assert max(cloud.snapshots[identity].puts.values()) == 1


def test_an_image_is_sent_registered_tagged_booted_copied_shared_deprecated_and_published(
    shell: Shell, cloud: FakeCloud, raw: Path
) -> None:
    ended = create(
        shell,
        *("--boot-check", "--copy-to", "us-east-1", "--share", "123456789012", "--deprecate-after", "90d"),
        *("--publish", "/images/web", "--manifest", "web.json", "--tag", "team=shop"),
    )
    assert ended.code == 0, (ended.out, ended.err)
    told = ended.json
    home, copy = (only([each for each in cloud.images.values() if each.region == r]) for r in (REGION, "us-east-1"))
    assert told["images"] == {REGION: home.identity, "us-east-1": copy.identity}
    assert home.snapshot == told["snapshot_id"]
    assert home.tags.items() >= {"team": "shop", "nixtui:system": SYSTEM}.items()
    assert "nixtui:builder" in home.tags
    assert home.tags["nixtui:content"] == copy.tags["nixtui:content"]
    assert home.tags["nixtui:boot-check"].startswith("passed")
    assert [each.state for each in cloud.instances.values()] == ["terminated"]
    assert [home.launchers, copy.launchers] == [[{"UserId": "123456789012"}]] * 2
    assert home.deprecated == copy.deprecated is not None
    assert cloud.parameters == {(REGION, "/images/web"): home.identity, ("us-east-1", "/images/web"): copy.identity}
    assert [row["outcome"] for row in told["hosts"]] == ["committed"] * 5
    assert f"it runs {SYSTEM}" in told["hosts"][0]["detail"]
    (entry,) = shell.run("journal", "--json").json
    assert (entry["kind"], entry["outcome"]) == ("image-create", "committed")


def test_the_same_image_is_never_sent_twice(shell: Shell, cloud: FakeCloud, raw: Path) -> None:
    first = create(shell).json
    puts = cloud.calls["PutSnapshotBlock"]
    shell.environ["XDG_STATE_HOME"] = str(shell.directory / "another-machine")
    again = create(shell)
    assert (again.code, again.json["outcome"]) == (0, "unchanged"), again.err
    assert again.json["image_id"] == first["image_id"]
    assert cloud.calls["PutSnapshotBlock"] == puts
    assert (len(cloud.images), cloud.calls["StartSnapshot"]) == (1, 1)


def test_what_is_missing_is_done_and_nothing_else(shell: Shell, cloud: FakeCloud, raw: Path) -> None:
    first = create(shell).json
    ended = create(shell, "--boot-check", "--copy-to", "us-east-1")
    assert ended.code == 0, ended.err
    assert ended.json["image_id"] == first["image_id"]
    assert ended.json["boot_check"].startswith("passed")
    assert (cloud.calls["StartSnapshot"], cloud.calls["CopyImage"]) == (1, 1 + cloud.dry_runs["CopyImage us-east-1"])
    launched = cloud.calls["RunInstances"]
    again = create(shell, "--boot-check", "--copy-to", "us-east-1")
    assert again.json["outcome"] == "unchanged"
    assert len(cloud.instances) == 1, launched


def test_a_run_that_was_killed_goes_on_where_it_was(shell: Shell, make_cloud: MakeCloud) -> None:
    sparse(shell.directory / "disk.raw", 256 * MIB, 40)
    cloud = make_cloud(slow=1.0, slow_seconds=0.5)
    process = start(shell)
    wait_until(process, lambda: cloud.calls["PutSnapshotBlock"] > 10)
    process.kill()
    process.communicate()
    assert not cloud.images
    cloud.faults.slow = 0
    ended = create(shell)
    assert ended.code == 0, ended.err
    assert "blocks are there already" in ended.err
    assert max(only(cloud.snapshots.values()).puts.values()) <= 2
    assert cloud.calls["StartSnapshot"] == 1


@pytest.mark.timeout(400)  # six processes, each of which imports boto3
def test_killed_anywhere_five_times_it_makes_one_image_in_each_region_and_leaves_nothing(
    shell: Shell, make_cloud: MakeCloud
) -> None:
    sparse(shell.directory / "disk.raw", 64 * MIB, 20)
    cloud = make_cloud(slow=1.0, slow_seconds=0.05)
    everything = ("--boot-check", "--copy-to", "us-east-1", "--share", "123456789012", "--publish", "/images/web")
    chance = random.Random()  # noqa: S311 # other moments each time
    moments = []
    for _ in range(5):
        before = cloud.calls.total()
        moment = before + chance.randrange(12, 120)  # a whole run makes about as many calls
        process = start(shell, *everything)
        while cloud.calls.total() < moment and process.poll() is None:
            time.sleep(0.001)
        process.kill()
        process.communicate()
        moments.append(cloud.calls.total() - before)
    ended = create(shell, *everything)
    assert ended.code == 0, (moments, ended.out, ended.err)
    assert {region: len(cloud.names(region)) for region in cloud.open} == {REGION: 1, "us-east-1": 1}, moments
    assert cloud.alive == [], moments
    (snapshot,) = (each for each in cloud.snapshots.values() if "VolumeSize" in each.request)
    assert snapshot.state == "completed"
    assert snapshot.read()[: 64 * MIB] == (shell.directory / "disk.raw").read_bytes()
    assert set(cloud.parameters.values()) == set(cloud.images), moments
    assert shell.run("image", "left", "--json").json == [], moments


def test_one_that_was_killed_between_snapshot_and_image_registers_what_is_there(
    shell: Shell, cloud: FakeCloud, raw: Path
) -> None:
    cloud.never_registers = True
    process = start(shell)
    wait_until(process, lambda: cloud.calls["RegisterImage"] > cloud.dry_runs[f"RegisterImage {REGION}"])
    process.kill()
    process.communicate()
    puts = cloud.calls["PutSnapshotBlock"]
    cloud.never_registers = False
    shell.environ["XDG_STATE_HOME"] = str(shell.directory / "another-machine")
    ended = create(shell)
    assert ended.code == 0, ended.err
    assert "has this image already; nothing is sent" in ended.err
    assert cloud.calls["PutSnapshotBlock"] == puts


def test_an_instance_that_a_killed_boot_check_left_is_terminated_by_the_next_run(
    shell: Shell, cloud: FakeCloud, raw: Path
) -> None:
    cloud.console = "still at it"
    process = start(shell, "--boot-check")
    wait_until(process, lambda: bool(cloud.alive))
    process.kill()
    process.communicate()
    (left,) = cloud.alive
    cloud.console = BOOTED
    ended = create(shell, "--boot-check")
    assert ended.code == 0, ended.err
    assert f"terminating {left.identity}, left by an earlier boot check" in ended.err
    assert cloud.alive == []


def test_stopping_says_what_is_left_and_how_to_remove_it(shell: Shell, cloud: FakeCloud, raw: Path) -> None:
    cloud.console = "still at it"
    process = start(shell, "--boot-check")
    wait_until(process, lambda: bool(cloud.alive))
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    (image,) = cloud.images
    row = json.loads(out)["hosts"][0]
    assert row["detail"] == f"stopped; {image} is registered in {REGION}"
    assert f"to remove it instead: nixtui image retire {image}" in row["remedy"]
    assert [each.state for each in cloud.instances.values()] == ["terminated"]


def test_stopping_while_blocks_are_sent_names_the_snapshot(shell: Shell, make_cloud: MakeCloud, raw: Path) -> None:
    cloud = make_cloud(slow=1.0, slow_seconds=1.5)
    process = start(shell)
    wait_until(process, lambda: cloud.calls["PutSnapshotBlock"] > 10)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    (snapshot,) = cloud.snapshots
    assert f"nixtui image discard {snapshot}" in json.loads(out)["hosts"][0]["remedy"]
    assert shell.run("image", "discard", snapshot, "--yes").code == 0
    assert not cloud.snapshots


@pytest.mark.parametrize(
    ("console", "says"),
    [
        (
            "Kernel panic - not syncing: VFS: Unable to mount root fs\n",
            "the kernel panicked: VFS: Unable to mount root",
        ),
        (BOOTED.replace("{system}", SYSTEM.replace("0123", "9999")), f"not {SYSTEM}"),
        ("You are in emergency mode. After logging in\n", "it ended in emergency mode"),
    ],
)
def test_an_image_that_does_not_boot_is_given_to_nobody(
    shell: Shell, cloud: FakeCloud, raw: Path, console: str, says: str
) -> None:
    cloud.console = console
    ended = create(shell, "--boot-check", "--copy-to", "us-east-1", "--public", "--publish", "/images/web")
    assert ended.code == 1, ended.err
    home, *others = ended.json["hosts"]
    assert says in home["detail"]
    (image,) = cloud.images.values()
    assert f"{image.identity} is registered in {REGION}" in home["detail"]
    assert {row["outcome"] for row in others} == {"refused"}
    assert image.launchers == []
    assert cloud.parameters == {}
    assert image.tags["nixtui:boot-check"].startswith("failed")
    assert cloud.alive == []


def test_where_the_newest_console_is_not_to_be_had_the_buffered_one_is_read(
    shell: Shell, cloud: FakeCloud, raw: Path
) -> None:
    cloud.is_xen = True
    ended = create(shell, "--boot-check")
    assert ended.code == 0, ended.err
    assert f"it runs {SYSTEM}" in ended.json["hosts"][0]["detail"]


def test_an_instance_that_ec2_itself_finds_impaired_did_not_boot(shell: Shell, cloud: FakeCloud, raw: Path) -> None:
    cloud.checks, cloud.console = "impaired", "nothing that helps\n"
    ended = create(shell, "--boot-check")
    assert (ended.code, "EC2's system status check failed" in ended.out) == (1, True), ended.err
    assert cloud.alive == []


def test_an_instance_that_may_not_be_terminated_is_named_with_the_way_to_do_it(
    shell: Shell, cloud: FakeCloud, raw: Path
) -> None:
    cloud.protected = True
    ended = create(shell, "--boot-check")
    (instance,) = cloud.alive
    image, left = ended.json["hosts"]
    assert (ended.code, image["outcome"], left["outcome"]) == (4, "committed", "failed"), ended.err
    assert left["remedy"] == f"nixtui instance terminate {instance.identity} --region {REGION}"
    assert ended.json["instance_left"] == instance.identity
    assert instance.identity in [each["id"] for each in shell.run("image", "left", "--json").json]


def test_a_copy_that_fails_is_told_and_left_out_of_what_is_published(shell: Shell, cloud: FakeCloud, raw: Path) -> None:
    cloud.copies_fail.add("us-east-1")
    ended = create(shell, "--copy-to", "us-east-1", "--publish", "/images/web")
    assert ended.code == 4, ended.err
    home, copy, *published = ended.json["hosts"]
    assert home["outcome"] == "committed"
    assert "is failed" in copy["detail"]
    assert "nixtui image retire ami-" in copy["remedy"]
    assert {row["outcome"] for row in published} == {"refused"}
    assert cloud.parameters == {}


def test_a_dry_run_shows_every_step_and_does_nothing(shell: Shell, cloud: FakeCloud, raw: Path) -> None:
    ended = create(shell, "--dry-run", "--boot-check", "--copy-to", "us-east-1", "--deprecate-after", "2w")
    assert ended.code == 0, ended.err
    titles = [step["title"] for step in ended.json["steps"]]
    assert [title.split()[0] for title in titles] == ["send", "register", "see", "copy", "deprecate"]
    assert any("sending costs about $0.0" in warning for warning in ended.json["warnings"])
    assert cloud.calls["StartSnapshot"] == 0
    assert not cloud.images


def test_a_host_of_the_flake_is_built_sent_and_known_by_its_store_path(
    shell: Shell, cloud: FakeCloud, tmp_path: Path
) -> None:
    write_image_flake(shell.directory)
    shell.environ["NIX_CONF_DIR"] = nix_environ(tmp_path)["NIX_CONF_DIR"]
    dry = shell.run("image", "create", "web", "--boot-check", "--dry-run", "--json").json
    assert dry["steps"][0]["commands"][0].startswith("nix build")
    ended = shell.run("image", "create", "web", "--boot-check", "--yes", "--json")
    assert ended.code == 0, ended.err
    told = ended.json
    (image,) = cloud.images.values()
    assert image.tags["nixtui:store-path"] == told["store_path"]
    assert image.tags.items() >= {"nixtui:revision": "abc123", "nixtui:flake": "fleet#web"}.items()
    assert image.request["Name"] == f"web-25.11-{told['store_path'].removeprefix('/nix/store/')[:8]}"
    assert told["system"].endswith("-nixos-system-web-25.11")
    assert f"it runs {told['system']}" in told["hosts"][0]["detail"]
    again = shell.run("image", "create", "web", "--boot-check", "--yes", "--json")
    assert (again.code, again.json["outcome"]) == (0, "unchanged"), again.err


def two_disks(directory: Path) -> dict[str, Path]:
    """What the build of an image with ZFS gives."""
    (directory / "result/nix-support").mkdir(parents=True)
    disks = {
        "boot": sparse(directory / "result/boot.raw", 8 * MIB, 3, most=MIB, seed=2),
        "root": sparse(directory / "result/root.raw", SIZE, seed=3),
    }
    told = {
        "label": "25.11",
        "system": "x86_64-linux",
        "boot_mode": "uefi",
        "disks": {name: {"file": str(path), "logical_bytes": "1"} for name, path in disks.items()},
    }
    (directory / "result/nix-support/image-info.json").write_text(json.dumps(told))
    return disks


def test_both_disks_of_an_image_with_zfs_are_sent_and_registered_each_at_its_place(
    shell: Shell, cloud: FakeCloud
) -> None:
    disks = two_disks(shell.directory)
    words = ("image", "create", "--file", "result", "--name", "zfs", "--size", "2", "--yes", "--json")
    cloud.faults.start_refuse_after = 1
    stopped = shell.run(*words)
    (first,) = cloud.snapshots
    assert stopped.code == 1, stopped.err
    assert f"snapshot {first} is complete in {REGION}" in stopped.json["hosts"][0]["detail"]
    assert [each["id"] for each in shell.run("image", "left", "--json").json] == [first]
    cloud.faults.start_refuse_after = None
    ended = shell.run(*words)
    assert ended.code == 0, (ended.out, ended.err)
    assert f"{first} has disk 1/2 already; it is not sent" in ended.err
    (image,) = cloud.images.values()
    mappings = image.request["BlockDeviceMapping"]
    assert [each["DeviceName"] for each in mappings] == ["/dev/xvda", "/dev/xvdb"]
    assert [each["Ebs"].get("VolumeSize") for each in mappings] == [None, "2"]
    assert (image.request["RootDeviceName"], image.request["BootMode"]) == ("/dev/xvda", "uefi")
    for snapshot, name in zip(image.snapshots, ("boot", "root"), strict=True):
        whole = disks[name].read_bytes()
        assert cloud.snapshots[snapshot].read()[: len(whole)] == whole
    assert ended.json["snapshot_ids"] == image.snapshots
    assert shell.run(*words).json["outcome"] == "unchanged"


def test_disks_that_nobody_knows_the_use_of_are_refused(shell: Shell, cloud: FakeCloud) -> None:
    two_disks(shell.directory)
    told = shell.directory / "result/nix-support/image-info.json"
    told.write_text(told.read_text().replace('"boot": {', '"swap": {'))
    ended = shell.run("image", "create", "--file", "result", "--name", "zfs", "--yes")
    assert (ended.code, "which one starts is not known" in ended.err) == (2, True), ended.err


def test_a_build_that_fails_leaves_nothing_and_tells_why(shell: Shell, cloud: FakeCloud, tmp_path: Path) -> None:
    where = write_image_flake(shell.directory) / "flake.nix"
    where.write_text(where.read_text().replace("mkdir -p", "echo no such mirror >&2; exit 1; mkdir -p"))
    shell.environ["NIX_CONF_DIR"] = nix_environ(tmp_path)["NIX_CONF_DIR"]
    ended = shell.run("image", "create", "web", "--yes")
    assert ended.code == 1, ended.err
    assert "nothing was left at AWS" in ended.out
    assert "no such mirror" in ended.out
    assert not cloud.snapshots


def test_a_region_that_is_not_enabled_is_said_before_anything_is_sent(
    shell: Shell, cloud: FakeCloud, raw: Path
) -> None:
    ended = create(shell, "--copy-to", "me-south-1")
    assert ended.code == 5, ended.err
    (row,) = ended.json["hosts"]
    assert row["detail"] == "region me-south-1 is not enabled for this account"
    assert "aws account enable-region --region-name me-south-1" in row["remedy"]
    assert cloud.calls["StartSnapshot"] == 0


def test_without_yes_nothing_is_done_where_nobody_can_be_asked(shell: Shell, cloud: FakeCloud, raw: Path) -> None:
    ended = shell.run("image", "create", "--file", "disk.raw", "--name", "web", "--arch", "x86_64")
    assert ended.code == 5, ended.err
    assert cloud.calls["StartSnapshot"] == 0
    refused = shell.run(
        "--read-only", "image", "create", "--file", "disk.raw", "--name", "web", "--arch", "arm64", "--yes"
    )
    assert (refused.code, "read-only" in refused.err) == (5, True)


def nowhere(host: Host) -> AbstractAsyncContextManager[Transport]:
    raise AssertionError(host)


async def test_of_one_whose_nixtui_died_it_is_told_what_was_done_and_how_it_goes_on() -> None:
    done = TargetReport(name="web", outcome=Outcome.COMMITTED, after="ami-1")
    plan = Plan(kind="image-create", title="t", targets=(Target(name="web"), Target(name="web in b")), steps=())
    entry = Entry(
        operation="x",
        kind=plan.kind,
        title="t",
        operator="me",
        origin="here",
        owner="1",
        reason=None,
        started_at=0.0,
        finished_at=None,
        report=None,
        plan=plan,
    )
    events = [TargetFinished(at=0.0, target="web", report=done)]
    report, final = await find_out(entry, events, {}, nowhere, tidy=True)
    assert (final, report.targets[0]) == (True, done)
    assert report.targets[1].outcome is Outcome.UNKNOWN
    assert "the same command goes on from there" in (report.targets[1].remedy or "")
