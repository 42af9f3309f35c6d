"""`nixtui image upload` against a strict EBS direct on loopback: what arrives, what is resumed, what is said."""

import filecmp
import random
import signal
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.aws.certificate import self_signed
from tests.aws.fake_aws import FakeAws
from tests.cli.conftest import Shell
from tests.images.conftest import MakeAws
from tests.images.disks import MIB, dynamic_vhd, sparse
from tests.operations.full_disk import SmallDisk, may_mount, small_disk

GIB = 2**30
SIZE = 96 * MIB


def only(aws: FakeAws):
    (snapshot,) = aws.snapshots.values()
    return snapshot


def same_disk(raw: Path, snapshot) -> bool:
    """Bit by bit; beyond the disk the volume is zeros, of which only holes can be there."""
    size = raw.stat().st_size
    if size == snapshot.path.stat().st_size:
        return filecmp.cmp(raw, snapshot.path, shallow=False)
    with raw.open("rb") as ours, snapshot.path.open("rb") as theirs:
        while piece := ours.read(MIB):
            if theirs.read(len(piece)) != piece:
                return False
        return max(snapshot.digests, default=0) * 524288 < size


@pytest.fixture
def raw(shell: Shell) -> Path:
    return sparse(shell.directory / "disk.raw", SIZE)


def upload(shell: Shell, file: str = "disk.raw", *more: str):
    return shell.run("image", "upload", file, "--name", "web 25.11", "--json", *more, timeout=150)


def test_an_image_arrives_and_is_told_as_the_contract_has_it(shell: Shell, aws: FakeAws, raw: Path) -> None:
    ended = upload(shell)
    assert ended.code == 0, ended.err
    snapshot = only(aws)
    told = ended.json
    assert told["snapshot_id"] == snapshot.identity
    assert (told["volume_gib"], told["blocks_sent"] + told["blocks_skipped"]) == (1, SIZE // 524288)
    assert told["bytes"] == told["blocks_sent"] * 524288
    assert told["blocks_sent"] == len(snapshot.digests) < SIZE // 524288
    assert told["seconds"] > 0
    assert snapshot.state == "completed"
    assert {"Key": "Name", "Value": "web 25.11"} in snapshot.request["Tags"]
    assert max(snapshot.puts.values()) == 1
    assert same_disk(raw, snapshot)
    (entry,) = shell.run("journal", "--json").json
    assert (entry["kind"], entry["outcome"]) == ("image-upload", "committed")


def test_the_same_content_is_never_sent_twice(shell: Shell, aws: FakeAws, raw: Path) -> None:
    first = upload(shell).json
    dynamic_vhd(raw, shell.directory / "other.vhd")
    again = upload(shell, "other.vhd")
    assert (again.code, again.json["snapshot_id"], again.json["blocks_sent"]) == (0, first["snapshot_id"], 0)
    assert again.json["outcome"] == "unchanged"
    assert aws.calls["StartSnapshot"] == 1


def test_a_snapshot_that_was_deleted_since_is_sent_anew(shell: Shell, aws: FakeAws, raw: Path) -> None:
    first = upload(shell).json
    assert shell.run("image", "discard", first["snapshot_id"], "--yes").code == 0
    again = upload(shell).json
    assert again["snapshot_id"] != first["snapshot_id"]
    assert again["blocks_sent"] == first["blocks_sent"]


def test_faults_of_every_kind_on_the_way_change_nothing(shell: Shell, make_aws: MakeAws, raw: Path) -> None:
    aws = make_aws(server_error=0.1, reset=0.1, slow=0.1, lose_answer=0.1, hide_first=3)
    ended = upload(shell)
    assert ended.code == 0, ended.err
    assert same_disk(raw, only(aws))
    assert aws.refusals["InternalServerException"] > 0
    assert aws.refusals["ResourceNotFoundException"] == 3


def test_throttling_slows_it_down_and_does_not_fail_it(shell: Shell, make_aws: MakeAws, raw: Path) -> None:
    aws = make_aws(throttle_above=30.0)
    ended = upload(shell)
    assert ended.code == 0, ended.err
    assert aws.refusals["RequestThrottledException"] > 0
    assert same_disk(raw, only(aws))


@pytest.mark.timeout(400)  # seven processes, each of which imports boto3
def test_killed_five_times_it_completes_with_no_block_sent_three_times(shell: Shell, make_aws: MakeAws) -> None:
    raw = sparse(shell.directory / "disk.raw", GIB, 64, most=4 * MIB)
    aws = make_aws(slow=1.0, slow_seconds=0.2)
    chance = random.Random()  # noqa: S311 # another moment each time
    kills = []
    while len(kills) < 5:
        before = aws.calls["PutSnapshotBlock"]
        process = shell.start("image", "upload", "disk.raw", "--name", "web 25.11", "--json")
        wanted = before + chance.randrange(1, 20)
        deadline = time.monotonic() + 90
        while aws.calls["PutSnapshotBlock"] < wanted and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.002)
        process.kill()
        out, err = process.communicate()
        assert process.returncode == -signal.SIGKILL, (out, err)
        kills.append(aws.calls["PutSnapshotBlock"] - before)
    ended = upload(shell)
    assert ended.code == 0, ended.err
    snapshot = only(aws)
    assert ended.json["blocks_resumed"] > 0
    assert aws.calls["StartSnapshot"] <= 6
    assert max(snapshot.puts.values()) <= 2, kills
    assert same_disk(raw, snapshot)


@pytest.mark.timeout(400)  # comparing eight GiB takes its time
@pytest.mark.parametrize("file", ["disk.raw", "disk.vhd"])
def test_four_sparse_gib_and_a_dynamic_vhd_of_them_read_back_equal(shell: Shell, aws: FakeAws, file: str) -> None:
    raw = sparse(shell.directory / "disk.raw", 4 * GIB, 16)
    dynamic_vhd(raw, shell.directory / "disk.vhd")
    ended = upload(shell, file)
    assert ended.code == 0, ended.err
    assert ended.json["volume_gib"] == 4
    assert ended.json["blocks_skipped"] > 7000
    assert same_disk(raw, only(aws))


def test_a_stopped_upload_says_what_is_left_and_goes_on_later(shell: Shell, make_aws: MakeAws, raw: Path) -> None:
    aws = make_aws(slow=1.0, slow_seconds=0.3)
    process = shell.start("image", "upload", "disk.raw", "--name", "web 25.11", "--json")
    while aws.calls["PutSnapshotBlock"] < 10:
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    snapshot = only(aws)
    assert f"pending snapshot {snapshot.identity} is left" in out
    assert f"nixtui image discard {snapshot.identity}" in out
    aws.faults.slow = 0
    ended = upload(shell)
    assert ended.code == 0, ended.err
    assert same_disk(raw, snapshot)
    assert max(snapshot.puts.values()) <= 2


def test_a_snapshot_that_aws_gave_up_is_begun_anew(shell: Shell, make_aws: MakeAws, raw: Path) -> None:
    aws = make_aws(slow=1.0, slow_seconds=0.2)
    process = shell.start("image", "upload", "disk.raw", "--name", "web 25.11")
    while aws.calls["PutSnapshotBlock"] < 10:
        assert process.poll() is None
        time.sleep(0.01)
    process.kill()
    process.communicate()
    lost = only(aws).identity
    del aws.snapshots[lost]
    aws.faults.slow = 0
    state = next(Path(shell.environ["XDG_STATE_HOME"]).rglob("uploads/*.json"))
    state.write_text(state.read_text().replace('"started_at":', '"started_at":0,"was":'))  # three days ago
    ended = upload(shell)
    assert ended.code == 0, ended.err
    assert f"no longer has snapshot {lost}" in ended.err
    assert same_disk(raw, only(aws))


@pytest.fixture
def disk(shell: Shell, tmp_path: Path) -> Iterator[SmallDisk]:
    """What nixtui remembers is on a small disk."""
    if not may_mount():
        pytest.skip("mounting is not allowed here")
    with small_disk(tmp_path / "small") as disk:
        shell.environ["XDG_STATE_HOME"] = str(disk.directory)
        yield disk


def test_a_disk_that_runs_full_under_the_journal_of_blocks_costs_nothing(
    shell: Shell, make_aws: MakeAws, disk: SmallDisk
) -> None:
    raw = sparse(shell.directory / "disk.raw", GIB, 64, most=8 * MIB)
    aws = make_aws(slow=1.0, slow_seconds=0.02)
    aws.meanwhile["PutSnapshotBlock", 20] = disk.fill
    ended = upload(shell)
    assert ended.code == 1, ended.err
    snapshot = only(aws)
    told = ended.json
    assert told["snapshot_id"] == snapshot.identity
    assert (
        f"the journal of blocks in {disk.directory}/nixtui/uploads cannot be written: the disk is full"
        in told["detail"]
    )
    assert (
        f"pending snapshot {snapshot.identity} is left in eu-central-1 with {told['blocks_sent']} blocks"
        in told["detail"]
    )
    assert "make room there; the same command goes on from there" in told["remedy"]
    assert "Traceback" not in ended.err
    again = upload(shell)
    assert (again.code, "journal" in again.err, "Traceback" in again.err) == (1, True, False), again.err
    sent = aws.calls["PutSnapshotBlock"]
    disk.free()
    ended = upload(shell)
    assert ended.code == 0, ended.err
    assert ended.json["blocks_resumed"] >= told["blocks_sent"] > 0
    assert aws.calls["PutSnapshotBlock"] - sent == ended.json["blocks_sent"]
    assert (max(snapshot.puts.values()) <= 2, aws.calls["StartSnapshot"]) == (True, 1)
    assert same_disk(raw, snapshot)


@pytest.mark.parametrize("call", ["StartSnapshot", "CompleteSnapshot"])
def test_a_disk_that_runs_full_around_a_snapshot_leaves_none_that_is_not_named(
    shell: Shell, aws: FakeAws, raw: Path, disk: SmallDisk, call: str
) -> None:
    aws.meanwhile[call, 1] = disk.fill
    ended = upload(shell)
    snapshot = only(aws)
    assert ended.json["snapshot_id"] == snapshot.identity, ended.err
    if call == "StartSnapshot":
        assert ended.code == 1
        assert f"pending snapshot {snapshot.identity} is left" in ended.json["detail"]
    else:
        assert ended.code == 0, ended.err
        assert "is complete, and that could not be noted" in ended.err
    disk.free()
    ended = upload(shell)
    assert ended.code == 0, ended.err
    assert only(aws) is snapshot
    assert max(snapshot.puts.values()) == 1
    assert same_disk(raw, snapshot)


def same_content(raw: Path, snapshot) -> bool:
    """Bit by bit, whoever wrote it; beyond the disk nothing."""
    with raw.open("rb") as ours, snapshot.path.open("rb") as theirs:
        same = all(piece == theirs.read(len(piece)) for piece in iter(lambda: ours.read(MIB), b""))
        return same and not theirs.read(MIB).strip(b"\0")


def changed(raw: Path, path: Path, *, at: int, hole: int) -> Path:
    """The same disk with other bytes at one place, and a hole at another."""
    with raw.open("rb") as old, path.open("wb") as new:
        new.truncate(raw.stat().st_size)
        for index in range(raw.stat().st_size // 524288):
            block = old.read(524288)
            if index == at:
                block = b"another" + block[7:]
            if index != hole and block.strip(b"\0"):
                new.seek(index * 524288)
                new.write(block)
    return path


def test_what_differs_is_sent_onto_the_likest_snapshot_and_what_became_a_hole_as_zeros(
    shell: Shell, make_aws: MakeAws, raw: Path
) -> None:
    aws = make_aws()
    unlike = sparse(shell.directory / "unlike.raw", SIZE, seed=7)
    assert upload(shell, unlike.name).code == 0
    first = upload(shell).json
    written = sorted(aws.snapshots[first["snapshot_id"]].digests)
    second = changed(raw, shell.directory / "second.raw", at=written[3], hole=written[5])
    ended = upload(shell, second.name, "--incremental")
    assert ended.code == 0, ended.err
    assert ended.json["parent_snapshot_id"] == first["snapshot_id"]
    snapshot = aws.snapshots[ended.json["snapshot_id"]]
    assert sorted(snapshot.digests) == [written[3], written[5]]
    assert same_content(second, snapshot)
    third = changed(second, shell.directory / "third.raw", at=written[7], hole=written[9])
    ended = upload(shell, third.name, "--incremental")  # onto one that was made onto another
    assert (ended.json["parent_snapshot_id"], ended.json["blocks_sent"]) == (snapshot.identity, 2), ended.err
    assert same_content(third, aws.snapshots[ended.json["snapshot_id"]])
    back = upload(shell, unlike.name, "--incremental").json
    assert (back["outcome"], back["blocks_sent"]) == ("unchanged", 0)


def test_an_incremental_upload_that_is_cut_off_goes_on_onto_the_same(
    shell: Shell, make_aws: MakeAws, raw: Path
) -> None:
    aws = make_aws()
    first = upload(shell).json
    other = sparse(shell.directory / "other.raw", SIZE, 60, seed=3)
    with raw.open("rb") as old, other.open("r+b") as new:
        new.write(old.read(8 * MIB))
    aws.faults.slow, aws.faults.slow_seconds = 1.0, 0.3
    process = shell.start("image", "upload", "other.raw", "--name", "web 25.11", "--incremental")
    before = aws.calls["PutSnapshotBlock"]
    while aws.calls["PutSnapshotBlock"] < before + 10:
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    process.kill()
    process.communicate()
    aws.faults.slow = 0
    (begun,) = set(aws.snapshots) - {first["snapshot_id"]}
    ended = upload(shell, "other.raw", "--incremental")
    assert (ended.code, ended.json["snapshot_id"]) == (0, begun), ended.err
    assert ended.json["parent_snapshot_id"] == first["snapshot_id"]
    assert max(aws.snapshots[begun].puts.values()) <= 2
    assert same_content(other, aws.snapshots[begun])


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        ("deleted", "no snapshot that was sent from here is like it"),
        ("encrypted", "snapshots are encrypted there"),
        ("broken", "no snapshot that was sent from here is like it"),
    ],
)
def test_where_nothing_can_be_built_on_all_is_sent_and_said(
    shell: Shell, aws: FakeAws, raw: Path, spoil: str, why: str
) -> None:
    first = upload(shell).json
    second = changed(raw, shell.directory / "second.raw", at=0, hole=-1)
    match spoil:
        case "deleted":
            del aws.snapshots[first["snapshot_id"]]
        case "encrypted":
            aws.encrypts = True
        case "broken":
            for path in Path(shell.environ["XDG_STATE_HOME"]).rglob("*.digests"):
                path.write_bytes(path.read_bytes()[:-40] + bytes(40))
    ended = upload(shell, second.name, "--incremental")
    assert (ended.code, ended.json["parent_snapshot_id"]) == (0, None), ended.err
    assert f"all of it is sent: {why}" in ended.err
    assert ended.json["blocks_sent"] >= first["blocks_sent"]
    assert same_disk(second, aws.snapshots[ended.json["snapshot_id"]])


def test_where_snapshots_are_encrypted_every_block_is_sent(shell: Shell, aws: FakeAws, raw: Path) -> None:
    aws.encrypts = True
    ended = upload(shell)
    assert ended.json["blocks_skipped"] == 0
    assert "encrypted volumes show noise" in ended.err
    assert same_disk(raw, only(aws))


def test_a_dry_run_sends_nothing(shell: Shell, aws: FakeAws, raw: Path) -> None:
    ended = shell.run("image", "upload", "disk.raw", "--name", "web", "--dry-run")
    assert ended.code == 0
    assert "ebs:StartSnapshot" in ended.out
    assert "about $0.0" in ended.out
    assert aws.calls["StartSnapshot"] == 0


def test_read_only_refuses(shell: Shell, aws: FakeAws, raw: Path) -> None:
    ended = shell.run("--read-only", "image", "upload", "disk.raw", "--name", "web")
    assert (ended.code, "read-only" in ended.err) == (5, True)
    assert aws.calls["StartSnapshot"] == 0


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        ({"start_refuse": (403, "AccessDeniedException", "no")}, 1, '"ebs:StartSnapshot"'),
        ({"start_refuse": (402, "ServiceQuotaExceededException", "no")}, 1, "have the quota raised"),
        ({"start_refuse": (403, "UnrecognizedClientException", "no")}, 1, "region is enabled for this account"),
        ({"start_refuse": (400, "ExpiredTokenException", "old")}, 1, "log in again"),
        ({"refuse": (403, "AccessDeniedException", "no")}, 1, '"ebs:PutSnapshotBlock"'),
        ({"refuse": (403, "ExpiredTokenException", "old")}, 1, "credentials have expired"),
    ],
)
def test_what_aws_refuses_is_a_sentence_with_the_next_step(
    shell: Shell, make_aws: MakeAws, raw: Path, options: dict[str, object], code: int, says: str
) -> None:
    make_aws(**options)
    ended = shell.run("image", "upload", "disk.raw", "--name", "web")
    assert ended.code == code
    assert says in ended.out
    if "refuse" in options:
        assert "is left in eu-central-1" in ended.out
    assert "Traceback" not in ended.err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["gone.raw", "--name", "web"], "there is no file"),
        (["disk.raw", "--name", "wéb"], r"has '\xe9'"),
        (["disk.raw", "--name", "w"], "EC2 wants 3 to 128"),
        (["disk.raw", "--name", "web", "--region", "nowhere"], "does not look like a region"),
        (["disk.raw", "--name", "web", "--size", "70000"], "is no size of a volume"),
        (["big.raw", "--name", "web", "--size", "1"], "larger than the snapshot"),
        (["disk.vhd", "--name", "web"], "is no VHD"),
    ],
)
def test_bad_input_is_said_before_anything_is_sent(
    shell: Shell, aws: FakeAws, raw: Path, arguments: list[str], says: str
) -> None:
    sparse(shell.directory / "big.raw", GIB + MIB, 1)
    (shell.directory / "disk.vhd").write_bytes(raw.read_bytes())
    ended = shell.run("image", "upload", *arguments)
    assert (ended.code, says in ended.err) == (2, True), ended.err
    assert aws.calls["StartSnapshot"] == 0


def test_without_credentials_the_way_in_is_named(shell: Shell, aws: FakeAws, raw: Path) -> None:
    del shell.environ["AWS_ACCESS_KEY_ID"]
    ended = shell.run("image", "upload", "disk.raw", "--name", "web")
    assert ended.code == 1
    assert "no AWS credentials were found; log in (aws sso login)" in ended.err


def test_over_tls_with_a_certificate_that_is_trusted_and_one_that_is_not(
    shell: Shell, tmp_path: Path, raw: Path
) -> None:
    certificate = self_signed(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    (tmp_path / "tls").mkdir()
    with FakeAws(tmp_path / "tls", tls=context) as aws:
        shell.environ.update(aws.environ)
        refused = upload(shell)
        assert (refused.code, "AWS_CA_BUNDLE" in refused.out) == (1, True), refused.err
        shell.environ["AWS_CA_BUNDLE"] = str(certificate)
        ended = upload(shell)
        assert ended.code == 0, ended.err
        assert same_disk(raw, only(aws))


def test_nobody_there_is_unreachable(shell: Shell, make_aws: MakeAws, raw: Path) -> None:
    make_aws()
    shell.environ["AWS_ENDPOINT_URL"] = "http://127.0.0.1:9"
    shell.environ["AWS_MAX_ATTEMPTS"] = "1"
    ended = shell.run("image", "upload", "disk.raw", "--name", "web")
    assert ended.code == 3
