"""Retired images in the recycle bin: whether they can be had back is said before, and they can."""

import pytest

from nixtui.aws.retention import Rule, days_kept
from nixtui.images.keeping import Keeping
from tests.aws.fake_bin import FakeBin
from tests.cli.conftest import Shell

GONE = "gone for good: no rule of the recycle bin keeps it"


def planned(shell: Shell, *images: str) -> tuple[list[str], list[str]]:
    """What becomes of each, and what cannot be undone."""
    ended = shell.run("image", "retire", *images, "--dry-run", "--json")
    assert ended.code == 0, (ended.out, ended.err)
    return [each["to"] for each in ended.json["hosts"]], ended.json["warnings"]


def test_what_no_rule_keeps_is_said_to_be_gone_for_good(shell: Shell, account: FakeBin) -> None:
    image = account.an_image("web")
    account.rule("EC2_IMAGE", 7, ResourceTags={"team": "db"})
    account.rule("EBS_SNAPSHOT", 7, status="pending")
    assert planned(shell, image) == ([f"{GONE}; frees up to 1 GiB"], [GONE])
    assert planned(shell, image, account.an_image("db"))[1] == [f"2 images: {GONE}"]


def test_what_rules_keep_is_said_to_come_back_for_as_long_as_all_of_it_is_kept(shell: Shell, account: FakeBin) -> None:
    image = account.an_image("web", 2, env="prod")
    account.rule("EC2_IMAGE", 7)
    account.rule("EC2_IMAGE", 30, ResourceTags={"env": "prod"})
    account.rule("EBS_SNAPSHOT", 14, ExcludeResourceTags={"env": "test"})
    told = "can be restored for 14 days from the recycle bin; frees up to 1 GiB after that"
    assert planned(shell, image) == ([told], [])
    other = account.an_image("spare", env="test")
    (_, to), lost = planned(shell, image, other)
    assert to.startswith("gone for good: a rule of the recycle bin keeps the image for 7 days, but none its snapshot")
    assert lost == [to.partition(";")[0]]


def test_an_image_whose_snapshots_alone_are_kept_is_gone_but_not_its_disk(shell: Shell, account: FakeBin) -> None:
    account.rule("EBS_SNAPSHOT", 1)
    (to,), lost = planned(shell, account.an_image("web"))
    assert to == (
        "the image is gone for good: no rule of the recycle bin keeps it; its snapshot can be restored for 1 day and "
        "registered anew; frees up to 1 GiB after that"
    )
    assert len(lost) == 1


@pytest.mark.parametrize("action", ["ListRules", "GetRule", "DescribeSnapshots"])
def test_where_it_may_not_be_asked_nothing_is_guessed(shell: Shell, account: FakeBin, action: str) -> None:
    account.rule("EC2_IMAGE", 7)
    account.rule("EBS_SNAPSHOT", 7, ResourceTags={"env": "prod"})
    account.denied = {action}
    service = "ec2" if action.startswith("Describe") else "rbin"
    (to,), lost = planned(shell, account.an_image("web"))
    why = f"whether the recycle bin keeps it is not known: these credentials may not call {service}:{action}"
    assert (to.startswith(why), lost[0].startswith(why)) == (True, True), to


def test_rules_that_look_at_no_tags_need_none(shell: Shell, account: FakeBin) -> None:
    account.rule("EC2_IMAGE", 7)
    account.rule("EBS_SNAPSHOT", 7)
    account.denied = {"DescribeSnapshots"}
    assert planned(shell, account.an_image("web"))[0][0].startswith("can be restored for 7 days")


def test_what_was_retired_is_listed_and_had_back_with_its_snapshots_first(shell: Shell, account: FakeBin) -> None:
    image = account.an_image("web 25.11", 2)
    snapshots = list(account.images[image].snapshots)
    account.an_image("db")
    account.rule("EC2_IMAGE", 7)
    account.rule("EBS_SNAPSHOT", 8)
    assert shell.run("image", "bin").err.strip() == "the recycle bin is empty in eu-central-1"
    retired = shell.run("image", "retire", image, "--yes", "--json")
    assert retired.code == 0, (retired.out, retired.err)
    listed = shell.run("image", "bin", "--json")
    assert listed.json[0] == {
        "kind": "image",
        "id": image,
        "region": "eu-central-1",
        "name": "web 25.11",
        "description": None,
        "entered_at": "2026-11-18T11:06:40Z",
        "gone_at": "2026-11-25T11:06:40Z",
        "snapshot_ids": snapshots,
        "image_id": None,
        "profile": None,
    }
    assert [(each["kind"], each["id"], each["image_id"]) for each in listed.json[1:]] == [
        ("snapshot", each, image) for each in snapshots
    ]
    assert "web 25.11" in shell.run("image", "bin", "--all-regions").out
    assert shell.run("image", "restore", image).code == 5
    # A snapshot that comes with its image is no act of its own.
    back = shell.run("image", "restore", snapshots[0], image, "--yes", "--json")
    assert back.code == 0, (back.out, back.err)
    (row,) = back.json["hosts"]
    assert (row["from"], row["to"]) == ("in the recycle bin until 2026-11-25 11:06 UTC", "registered")
    assert (account.images[image].snapshots, account.binned) == (snapshots, {})
    assert set(snapshots) <= set(account.snapshots)


def test_a_snapshot_is_had_back_alone(shell: Shell, account: FakeBin) -> None:
    image = account.an_image("web")
    (snapshot,) = account.images[image].snapshots
    account.rule("EBS_SNAPSHOT", 8)
    assert shell.run("image", "retire", image, "--yes").code == 0
    back = shell.run("image", "restore", snapshot, "--yes", "--json")
    assert (back.code, snapshot in account.snapshots) == (0, True), back.err


def test_snapshots_that_nothing_says_to_be_its_own_are_told_of(shell: Shell, account: FakeBin) -> None:
    image = account.an_image("web", describe="backup")
    account.rule("EC2_IMAGE", 7)
    account.rule("EBS_SNAPSHOT", 8)
    shell.run("image", "retire", image, "--yes")
    dry = shell.run("image", "restore", image, "--dry-run")
    assert "none of the snapshots in the bin says that it is its own" in dry.out
    failed = shell.run("image", "restore", image, "--yes", "--json")
    assert (failed.code, "InvalidSnapshot.NotFound" in failed.json["hosts"][0]["detail"]) == (1, True), failed.err


@pytest.mark.parametrize(
    ("thing", "code", "says"),
    [
        ("web", 2, "is no image and no snapshot"),
        ("ami-0123456789abcdef0", 5, "it is not in the recycle bin of eu-central-1"),
        ("snap-0123456789abcdef0", 5, "it is not in the recycle bin of eu-central-1"),
    ],
)
def test_what_is_not_there_is_a_sentence(shell: Shell, account: FakeBin, thing: str, code: int, says: str) -> None:
    ended = shell.run("image", "restore", thing, "--yes")
    assert (ended.code, says in ended.out + ended.err) == (code, True), (ended.out, ended.err)


def test_a_region_that_may_not_be_asked_is_said_and_hides_no_other(shell: Shell, account: FakeBin) -> None:
    account.denied = {"ListImagesInRecycleBin"}
    ended = shell.run("image", "bin", "--json")
    assert (ended.code, ended.json) == (1, [])
    assert "may not call ec2:ListImagesInRecycleBin in eu-central-1" in ended.err


def test_the_longest_rule_that_fits_counts_and_careful_is_safe() -> None:
    region, excluding = Rule(3), Rule(9, excluded=(("keep", None),))
    tagged, empty = Rule(5, tags=(("env", "prod"), ("env", "test"))), Rule(6, tags=(("env", None),))
    assert days_kept([region, tagged], {"env": "test"}) == 5
    assert days_kept([region, excluding], {}) == 9
    assert days_kept([region, excluding], {"keep": "whatever"}) == 3
    assert days_kept([tagged], {"env": "other"}) is None
    assert days_kept([empty], {"env": "prod"}) is None
    assert days_kept([region], None) == 3
    with pytest.raises(LookupError):
        days_kept([region, tagged], None)


def test_an_unknown_keeping_has_no_days() -> None:
    assert Keeping(3, {"snap-1": 2}).days == 2
    assert Keeping(3, {"snap-1": 2}, unknown="no").days is None
