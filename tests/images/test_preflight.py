"""What is known to go wrong before a byte is sent: each row of bad input, its sentence and its next step."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nixtui.aws.errors import AwsError, Kind
from nixtui.aws.session import Session
from nixtui.images.creating.found import Found
from nixtui.images.creating.preflight import look_around
from nixtui.images.creating.recipe import TAG_CHECKED, BootCheck, Recipe, check_recipe
from nixtui.images.disk import BadImage
from nixtui.images.obstacle import Findings
from nixtui.images.registering import TAG_CONTENT
from tests.aws.fake_aws import REGION, Snapshot
from tests.aws.fake_cloud import FakeCloud

RECIPE = Recipe(name="web 25.11", region=REGION, architecture="x86_64", identity=(TAG_CONTENT, "c0ffee"))


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeCloud]:
    with FakeCloud(tmp_path) as cloud:
        for name, value in cloud.environ.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
        yield cloud


async def look(cloud: FakeCloud, disk_gib: int | None = None, **more: Any) -> tuple[Found, Findings]:
    async with Session(cloud.environ) as session:
        return await look_around(session, replace(RECIPE, **more), disk_gib=disk_gib)


def an_image(cloud: FakeCloud, name: str, **tags: str) -> str:
    snapshot = Snapshot(f"snap-{len(cloud.images):017x}", 1, {}, Path("/dev/null"), state="completed")
    cloud.snapshots[snapshot.identity] = snapshot
    return cloud._new_image({"Name": name}, REGION, [snapshot.identity], tags).identity


async def test_nothing_stands_in_the_way_of_what_can_be_made(cloud: FakeCloud) -> None:
    check = BootCheck("t3.micro")
    more = {"copies": ("us-east-1",), "public": True, "deprecate_at": "2027-01-01T00:00:00Z"}
    found, findings = await look(cloud, boot_check=check, **more)
    assert (found, findings.obstacles) == (Found(), ())
    assert set(cloud.dry_runs) == {
        f"RegisterImage {REGION}",
        f"CreateTags {REGION}",
        f"RunInstances {REGION}",
        f"TerminateInstances {REGION}",
        f"GetConsoleOutput {REGION}",
        f"DescribeInstanceStatus {REGION}",
        "CopyImage us-east-1",
        *(f"{call} {each}" for call in ("ModifyImageAttribute", "EnableImageDeprecation") for each in cloud.open),
    }
    assert not cloud.images
    assert not cloud.snapshots


async def test_a_name_that_another_image_has_is_refused(cloud: FakeCloud) -> None:
    taken = an_image(cloud, "web 25.11")
    _, findings = await look(cloud)
    (obstacle,) = findings.obstacles
    assert obstacle.reason.startswith(f"{taken} in {REGION} is called web 25.11 already")
    assert f"nixtui image retire {taken}" in obstacle.remedy


async def test_the_same_image_under_its_own_name_is_no_obstacle(cloud: FakeCloud) -> None:
    ours = an_image(cloud, "web 25.11", **{TAG_CONTENT: "c0ffee"})
    found, findings = await look(cloud)
    assert found.image is not None
    assert (found.image.identity, findings.obstacles) == (ours, ())


async def test_calls_that_are_not_allowed_are_one_statement_to_paste(cloud: FakeCloud) -> None:
    cloud.denied = {"RegisterImage", "CopyImage", "RunInstances"}
    _, findings = await look(cloud, copies=("us-east-1",), boot_check=BootCheck("t3.micro"))
    home, there = findings.obstacles
    assert home.reason == f"these credentials may not call ec2:RegisterImage, ec2:RunInstances in {REGION}"
    assert '"Action": ["ec2:RegisterImage", "ec2:RunInstances"]' in home.remedy
    assert there.reason == "these credentials may not call ec2:CopyImage in us-east-1"


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"boot_check": BootCheck("t4g.micro")}, "t4g.micro is arm64, the image x86_64"),
        (
            {"boot_check": BootCheck("m5.metal"), "boot_mode": "uefi"},
            "m5.metal boots by legacy-bios, the image by uefi",
        ),
        ({"boot_check": BootCheck("m9.huge")}, "do not exist: [m9.huge]"),
        ({"boot_check": BootCheck("m5.metal"), "boot_mode": "uefi", "tpm": True}, "m5.metal boots by legacy-bios"),
        ({"copies": ("me-south-1",)}, "region me-south-1 is not enabled for this account"),
        ({"copies": ("eu-nowhere-9",)}, "AWS has no region eu-nowhere-9"),
        ({"gib": 2}, "the image is larger than the volume: 3 GiB do not fit into 2"),
    ],
)
async def test_each_trouble_is_one_sentence_with_the_next_step(
    cloud: FakeCloud, more: dict[str, Any], says: str
) -> None:
    _, findings = await look(cloud, disk_gib=3, **more)
    (obstacle,) = findings.obstacles
    assert says in obstacle.reason
    assert obstacle.remedy


async def test_quotas_that_are_reached_are_told_with_the_way_to_more(cloud: FakeCloud) -> None:
    for number in range(3):
        an_image(cloud, f"other {number}")
    cloud.quotas["L-B665C33B"] = 3
    _, findings = await look(cloud)
    (obstacle,) = findings.obstacles
    assert obstacle.reason == f"the quota of AMIs in {REGION} is reached: 3 of 3"
    assert "request-service-quota-increase --service-code ec2 --quota-code L-B665C33B" in obstacle.remedy


async def test_too_many_pending_snapshots_are_told(cloud: FakeCloud) -> None:
    for number in range(100):
        identity = f"snap-{number:017x}"
        cloud.snapshots[identity] = Snapshot(identity, 1, {}, Path("/dev/null"))
    _, findings = await look(cloud)
    (obstacle,) = findings.obstacles
    assert "100 snapshots are pending" in obstacle.reason


async def test_a_quota_that_cannot_be_asked_is_said_and_stops_nothing(cloud: FakeCloud) -> None:
    cloud.denied = {"GetServiceQuota"}
    _, findings = await look(cloud)
    assert findings.obstacles == ()
    assert any("how many AMIs" in note and "may not call service-quotas" in note for note in findings.notes)


async def test_an_account_that_blocks_public_images_says_so_before(cloud: FakeCloud) -> None:
    cloud.blocks_public = True
    _, findings = await look(cloud, public=True)
    (obstacle,) = findings.obstacles
    assert "blocks making images public" in obstacle.reason


async def test_where_snapshots_are_encrypted_it_is_said_who_cannot_have_them(cloud: FakeCloud) -> None:
    cloud.encrypts = True
    _, findings = await look(cloud)
    assert any("every block is sent" in note for note in findings.notes)
    for more, says in (({"public": True}, "cannot be public"), ({"accounts": ("1" * 12,)}, "own default key")):
        (obstacle,) = (await look(cloud, **more))[1].obstacles
        assert says in obstacle.reason
    cloud.default_key = "arn:aws:kms:eu-central-1:123456789012:key/1"
    _, findings = await look(cloud, accounts=("1" * 12,))
    assert findings.obstacles == ()
    assert any("needs to be allowed to use arn:aws:kms" in note for note in findings.notes)


async def test_snapshots_in_error_are_listed_with_the_way_to_remove_them(cloud: FakeCloud) -> None:
    request = {"Tags": [{"Key": TAG_CONTENT, "Value": "c0ffee"}]}
    cloud.snapshots["snap-0e"] = Snapshot("snap-0e", 1, request, Path("/dev/null"), state="error")
    found, findings = await look(cloud)
    assert (found.snapshot, found.broken) == (None, ("snap-0e",))
    assert any("nixtui image discard snap-0e" in note for note in findings.notes)


async def test_an_image_that_did_not_boot_is_only_looked_at_again(cloud: FakeCloud) -> None:
    an_image(cloud, "web 25.11", **{TAG_CONTENT: "c0ffee", TAG_CHECKED: "failed 2026-01-01T00:00:00Z"})
    _, findings = await look(cloud)
    (obstacle,) = findings.obstacles
    assert obstacle.reason.endswith("its boot check failed 2026-01-01T00:00:00Z")
    assert "look again with --boot-check" in obstacle.remedy
    assert (await look(cloud, boot_check=BootCheck("t3.micro")))[1].obstacles == ()


async def test_expired_credentials_are_said_at_once(cloud: FakeCloud) -> None:
    cloud.expired = True
    with pytest.raises(AwsError) as caught:
        await look(cloud)
    assert caught.value.kind is Kind.EXPIRED
    assert "log in again" in str(caught.value)


async def test_a_region_of_its_own_that_is_not_enabled_names_that(cloud: FakeCloud) -> None:
    with pytest.raises(AwsError) as caught:
        await look(cloud, region="me-south-1")
    assert "that the region is enabled for this account" in str(caught.value)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"tpm": True}, "NitroTPM needs boot mode uefi"),
        ({"architecture": "arm64", "boot_mode": "legacy-bios"}, "arm64 instances do not start with legacy-bios"),
        ({"copies": ("nowhere",)}, "does not look like a region"),
        ({"copies": (REGION,)}, "is where the image is made"),
        ({"public": True, "kms_key": "arn:aws:kms:x"}, "cannot be public"),
    ],
)
def test_what_needs_no_asking_is_refused_without(more: dict[str, Any], says: str) -> None:
    with pytest.raises(BadImage) as caught:
        check_recipe(replace(RECIPE, **more))
    assert says in str(caught.value)
