"""`nixtui image upload --via-s3`: the fallback, against S3, IAM and the import service on loopback."""

import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from nixtui.aws.session import Session
from nixtui.images.s3_import import Detour, check_detour
from tests.aws.fake_aws import REGION
from tests.aws.fake_import import FakeImport, RoleOfFake, Spoil
from tests.cli.conftest import Shell
from tests.images.disks import MIB, convert, dynamic_vhd, sparse

SIZE = 8 * MIB


@pytest.fixture
def aws(tmp_path: Path, shell: Shell) -> Iterator[FakeImport]:
    (tmp_path / "aws").mkdir()
    with FakeImport(tmp_path / "aws") as aws:
        shell.environ.update(aws.environ)
        yield aws


@pytest.fixture
def raw(shell: Shell) -> Path:
    return sparse(shell.directory / "disk.raw", SIZE, 6, most=MIB)


def words(file: str = "disk.raw") -> tuple[str, ...]:
    return ("image", "upload", file, "--name", "web 25.11", "--via-s3", "images")


def upload(shell: Shell, file: str = "disk.raw", *more: str):
    return shell.run(*words(file), *more)


@pytest.mark.parametrize("file", ["disk.raw", "disk.vhd"])
def test_an_image_becomes_a_snapshot_that_reads_back_equal(shell: Shell, aws: FakeImport, raw: Path, file: str) -> None:
    dynamic_vhd(raw, shell.directory / "disk.vhd")
    ended = upload(shell, file, "--json")
    assert ended.code == 0, (ended.out, ended.err)
    told = ended.json
    (snapshot,) = aws.snapshots.values()
    assert told["snapshot_id"] == snapshot.identity
    assert snapshot.read() == raw.read_bytes()
    assert told["bytes"] == (shell.directory / file).stat().st_size
    assert aws.tags[snapshot.identity]["Name"] == "web 25.11"
    assert aws.tags[snapshot.identity].keys() >= {"nixtui:content", "nixtui:builder"}
    assert aws.buckets["images"][1] == {}
    assert told["object_left"] is None
    (entry,) = shell.run("journal", "--json").json
    assert (entry["kind"], entry["outcome"]) == ("image-import", "committed")


def test_large_ones_go_in_parts(shell: Shell, aws: FakeImport) -> None:
    raw = sparse(shell.directory / "disk.raw", 130 * MIB, 6, most=MIB)
    ended = upload(shell, "disk.raw", "--json")
    assert ended.code == 0, (ended.out, ended.err)
    assert aws.calls["s3 PUT"] == 3
    (snapshot,) = aws.snapshots.values()
    assert snapshot.read() == raw.read_bytes()


def test_the_same_content_is_imported_once(shell: Shell, aws: FakeImport, raw: Path) -> None:
    first = upload(shell, "disk.raw", "--json").json
    again = upload(shell, "disk.raw", "--json")
    assert (again.code, again.json["snapshot_id"]) == (0, first["snapshot_id"]), again.err
    assert (len(aws.tasks), aws.calls["s3 PUT"]) == (1, 1)
    assert shell.run("image", "discard", first["snapshot_id"], "--yes").code == 0
    anew = upload(shell, "disk.raw", "--json").json
    assert anew["snapshot_id"] != first["snapshot_id"]


def test_a_stopped_import_goes_on_at_aws_and_is_taken_up_again(shell: Shell, aws: FakeImport, raw: Path) -> None:
    aws.stuck = True
    process = shell.start(*words(), "--json")
    deadline = time.monotonic() + 60
    while not aws.tasks:
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    (task,) = aws.tasks
    told = json.loads(out)
    assert f"import task {task} goes on at AWS" in told["detail"]
    assert f"aws ec2 cancel-import-task --import-task-id {task}" in told["remedy"]
    aws.stuck = False
    ended = upload(shell, "disk.raw", "--json")
    assert ended.code == 0, ended.err
    assert (len(aws.tasks), aws.calls["s3 PUT"], aws.buckets["images"][1]) == (1, 1, {})


def no_bucket(aws: FakeImport) -> None:
    aws.buckets.clear()


def bucket_elsewhere(aws: FakeImport) -> None:
    aws.buckets["images"] = ("us-east-1", {})


def no_role(aws: FakeImport) -> None:
    aws.roles.clear()


def role_of_another_service(aws: FakeImport) -> None:
    aws.roles["vmimport"] = RoleOfFake(
        {"Statement": {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}}}
    )


def role_that_may_not_read(aws: FakeImport) -> None:
    aws.roles["vmimport"].denied = {"s3:GetObject", "ec2:CopySnapshot"}


def import_denied(aws: FakeImport) -> None:
    aws.denied = {"ImportSnapshot"}


@pytest.mark.parametrize(
    ("spoil", "says", "next_step"),
    [
        (no_bucket, "there is no bucket images", f"aws s3 mb s3://images --region {REGION}"),
        (bucket_elsewhere, f"bucket images is in us-east-1, the snapshot in {REGION}", "choose a bucket"),
        (no_role, "there is no role vmimport", "aws iam create-role --role-name vmimport"),
        (role_of_another_service, "does not let vmie.amazonaws.com take it on", "aws iam update-assume-role-policy"),
        (role_that_may_not_read, "role vmimport may not s3:GetObject, ec2:CopySnapshot", "aws iam put-role-policy"),
        (import_denied, "may not call ec2:ImportSnapshot", '"ec2:ImportSnapshot"'),
    ],
)
async def test_what_the_service_would_fail_on_is_one_sentence_with_the_next_step(
    aws: FakeImport, monkeypatch: pytest.MonkeyPatch, spoil: Spoil, says: str, next_step: str
) -> None:
    for name, value in aws.environ.items():
        monkeypatch.setenv(name, value)
    spoil(aws)
    async with Session(aws.environ) as session:
        findings = await check_detour(session, REGION, Detour("images"))
    (obstacle,) = findings.obstacles
    assert says in obstacle.reason
    assert next_step in obstacle.remedy


def test_an_obstacle_keeps_everything_from_being_sent(shell: Shell, aws: FakeImport, raw: Path) -> None:
    no_role(aws)
    ended = upload(shell)
    assert ended.code == 5, (ended.out, ended.err)
    assert "web 25.11: role  refused: there is no role vmimport" in ended.out
    assert (aws.calls["s3 PUT"], aws.tasks) == (0, {})


def test_a_role_that_may_not_be_looked_at_is_no_obstacle(shell: Shell, aws: FakeImport, raw: Path) -> None:
    aws.denied = {"GetRole"}
    ended = upload(shell)
    assert ended.code == 0, (ended.out, ended.err)
    assert "whether role vmimport is as it has to be is not known" in ended.err


def test_an_import_that_fails_says_why_and_what_is_left(shell: Shell, aws: FakeImport, raw: Path) -> None:
    aws.denied = {"SimulatePrincipalPolicy"}
    role_that_may_not_read(aws)
    ended = upload(shell, "disk.raw", "--json")
    assert ended.code == 1, ended.err
    assert "AccessDenied while reading the object" in ended.json["detail"]
    assert "look at the role's rights on the bucket" in ended.json["remedy"]
    assert ended.json["detail"].endswith(f"{ended.json['object_left']} is left")
    assert "goes on at AWS" not in ended.json["detail"]
    aws.roles["vmimport"].denied = set()
    again = upload(shell, "disk.raw", "--json")
    assert again.code == 0, (again.out, again.err)
    assert (len(aws.tasks), aws.calls["s3 PUT"]) == (2, 1)


def test_an_object_that_may_not_be_written_is_a_permission_to_add(shell: Shell, aws: FakeImport, raw: Path) -> None:
    aws.put_denied = True
    ended = upload(shell)
    assert ended.code == 1, (ended.out, ended.err)
    assert '"s3:PutObject"' in ended.out
    assert "nothing was left at AWS" in ended.out


def test_a_qcow2_is_not_imported_under_another_name(shell: Shell, aws: FakeImport, raw: Path) -> None:
    convert(raw, shell.directory / "disk.qcow2", "qcow2")
    ended = upload(shell, "disk.qcow2")
    assert (ended.code, "convert it: qemu-img convert -O raw" in ended.err) == (2, True), ended.err
    assert aws.calls["s3 PUT"] == 0


def test_a_whole_image_may_go_this_way_too(shell: Shell, aws: FakeImport, raw: Path) -> None:
    words = ("image", "create", "--file", "disk.raw", "--name", "web", "--arch", "x86_64", "--via-s3", "images")
    refused = shell.run(*words, "--role", "other", "--yes")
    assert (refused.code, "there is no role other" in refused.out) == (5, True), refused.out
    ended = shell.run(*words, "--boot-check", "--yes", "--json")
    assert ended.code == 0, (ended.out, ended.err)
    (image,) = aws.images.values()
    assert aws.snapshots[image.snapshot].read() == raw.read_bytes()
    assert aws.calls["StartSnapshot"] == 0
    again = shell.run(*words, "--boot-check", "--yes", "--json")
    assert (again.json["outcome"], again.json["image_id"]) == ("unchanged", image.identity)


def test_a_dry_run_looks_and_sends_nothing(shell: Shell, aws: FakeImport, raw: Path) -> None:
    ended = upload(shell, "disk.raw", "--dry-run")
    assert ended.code == 0, ended.err
    assert "ec2:ImportSnapshot Format=RAW RoleName=vmimport" in ended.out
    assert aws.calls["s3 PUT"] == 0
