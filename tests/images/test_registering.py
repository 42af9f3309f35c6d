"""What RegisterImage and its neighbours are told, exactly, as botocore's stubber sees it."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.stub import Stubber

from nixtui.aws.errors import AwsError
from nixtui.aws.session import Session
from nixtui.images.catalogue import list_images
from nixtui.images.changing import copy, deprecate, retire, share
from nixtui.images.disk import BadImage
from nixtui.images.keeping import Keeping
from nixtui.images.references import References
from nixtui.images.registering import Registration, arguments, check, plan_registration, register
from nixtui.model.image import Image
from nixtui.operations.operation import Run
from nixtui.operations.plan import Plan

REGION = "eu-central-1"
KEYS = {"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": REGION}
IMAGE = Image(
    identity="ami-0a1b2c3d",
    name="web 25.11",
    region=REGION,
    state="available",
    architecture="x86_64",
    gib=4,
    snapshots=("snap-0a1b2c3d",),
)


def a_run(plan: Plan) -> Run:
    return Run("op", plan, lambda _event: None, lambda: 0.0, asyncio.Event())


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Session:
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    return Session(KEYS)


@pytest.fixture
def ec2(session: Session) -> Iterator[Stubber]:
    with Stubber(session.client("ec2", REGION)) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def registration(**more: Any) -> Registration:
    given = {"name": "web 25.11", "region": REGION, "snapshot": "snap-0a1b2c3d", "architecture": "x86_64"}
    return Registration(**{**given, **more})


async def test_register_image_is_told_exactly_this(session: Session, ec2: Stubber) -> None:
    wanted = registration(boot_mode="uefi", tpm=True, description="of a test", gib=8, tags={"nixtui:revision": "abc"})
    expected = {
        "Name": "web 25.11",
        "Description": "of a test",
        "Architecture": "x86_64",
        "BootMode": "uefi",
        "BlockDeviceMappings": [
            {
                "DeviceName": "/dev/xvda",
                "Ebs": {
                    "SnapshotId": "snap-0a1b2c3d",
                    "VolumeType": "gp3",
                    "DeleteOnTermination": True,
                    "VolumeSize": 8,
                },
            }
        ],
        "RootDeviceName": "/dev/xvda",
        "VirtualizationType": "hvm",
        "EnaSupport": True,
        "SriovNetSupport": "simple",
        "ImdsSupport": "v2.0",
        "TpmSupport": "v2.0",
        "TagSpecifications": [
            {
                "ResourceType": "image",
                "Tags": [{"Key": "Name", "Value": "web 25.11"}, {"Key": "nixtui:revision", "Value": "abc"}],
            }
        ],
    }
    ec2.add_response("register_image", {"ImageId": "ami-0a1b2c3d"}, expected)
    report = await register(wanted, session, a_run(plan_registration(wanted)))
    assert report.after == "ami-0a1b2c3d"


@pytest.mark.parametrize(
    ("architecture", "mode", "registered"),
    [
        ("x86_64", None, "legacy-bios"),
        ("arm64", None, "uefi"),
        ("x86_64", "uefi", "uefi"),
        ("x86_64", "uefi-preferred", "uefi-preferred"),
    ],
)
def test_the_boot_mode_is_what_nixpkgs_builds_or_what_is_asked(
    architecture: str, mode: str | None, registered: str
) -> None:
    told = arguments(registration(architecture=architecture, boot_mode=mode))
    assert (told["BootMode"], told["Architecture"]) == (registered, architecture)
    assert "TpmSupport" not in told
    assert "VolumeSize" not in told["BlockDeviceMappings"][0]["Ebs"]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"tpm": True}, "NitroTPM needs boot mode uefi"),
        ({"tpm": True, "boot_mode": "uefi-preferred"}, "NitroTPM needs boot mode uefi"),
        ({"architecture": "arm64", "boot_mode": "legacy-bios"}, "arm64 instances do not start with legacy-bios"),
        ({"architecture": "riscv64"}, "is no architecture of EC2"),
        ({"name": "x"}, "EC2 wants 3 to 128"),
        ({"name": "wéb"}, "has '\\xe9'"),
        ({"description": "schön"}, "ASCII"),
        ({"tags": {"aws:x": "y"}}, "is none that EC2 takes"),
    ],
)
def test_what_could_not_start_is_refused_before_aws_is_asked(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(BadImage) as caught:
        check(registration(**wrong))
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("InvalidAMIName.Duplicate", "choose another --name"),
        ("UnauthorizedOperation", '{"Effect": "Allow", "Action": ["ec2:RegisterImage"], "Resource": "*"}'),
        ("InvalidSnapshot.NotFound", "check the region"),
        ("ResourceLimitExceeded", "have the quota raised"),
        ("OptInRequired", "enable the region"),
        ("RequestExpired", "log in again"),
    ],
)
async def test_what_aws_says_no_to_is_a_sentence_with_the_next_step(
    session: Session, ec2: Stubber, code: str, says: str
) -> None:
    ec2.add_client_error("register_image", code, "No.", http_status_code=400)
    wanted = registration()
    with pytest.raises(AwsError) as caught:
        await register(wanted, session, a_run(plan_registration(wanted)))
    assert says in str(caught.value)


async def test_images_of_many_regions_come_newest_first_and_one_silent_region_hides_no_other(session: Session) -> None:
    def told(identity: str, created: str) -> dict[str, Any]:
        return {
            "ImageId": identity,
            "Name": identity,
            "State": "available",
            "CreationDate": created,
            "DeprecationTime": "2027-01-01T00:00:00.000Z",
            "Public": identity == "ami-2",
            "Architecture": "arm64",
            "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": "snap-1", "VolumeSize": 4}}],
            "Tags": [{"Key": "nixtui:revision", "Value": "abc"}],
        }

    asked = {"Owners": ["self"], "IncludeDeprecated": True}
    with (
        Stubber(session.client("ec2", "eu-central-1")) as first,
        Stubber(session.client("ec2", "us-east-1")) as second,
        Stubber(session.client("ec2", "me-south-1")) as third,
    ):
        first.add_response("describe_images", {"Images": [told("ami-1", "2026-01-01T00:00:00.000Z")]}, asked)
        second.add_response("describe_images", {"Images": [told("ami-2", "2026-02-01T00:00:00.000Z")]}, asked)
        third.add_client_error("describe_images", "AuthFailure", "no", http_status_code=401)
        images, problems = await list_images(session, ["eu-central-1", "us-east-1", "me-south-1"])
    assert [(image.identity, image.region, image.visibility) for image in images] == [
        ("ami-2", "us-east-1", "public"),
        ("ami-1", "eu-central-1", "private"),
    ]
    assert (images[0].gib, images[0].revision, images[0].snapshots) == (4, "abc", ("snap-1",))
    assert images[0].deprecated_at == 1798761600
    ((region, problem),) = problems
    assert region == "me-south-1"
    assert "enabled" in str(problem)


def test_copies_and_shares_are_told_exactly_this() -> None:
    (call,) = copy(IMAGE, "us-east-1").calls
    parameters = dict(call.parameters)
    assert len(parameters.pop("ClientToken")) == 48
    assert (call.action, call.region) == ("CopyImage", "us-east-1")
    assert parameters == {
        "Name": "web 25.11",
        "SourceImageId": "ami-0a1b2c3d",
        "SourceRegion": REGION,
        "CopyImageTags": True,
    }
    assert copy(IMAGE, "us-east-1") == copy(IMAGE, "us-east-1")
    assert copy(IMAGE, REGION).refused is not None
    image, snapshot = share(IMAGE, ["123456789012"], ["arn:aws:organizations::1:o"], public=False).calls
    assert image.parameters["LaunchPermission"] == {
        "Add": [{"UserId": "123456789012"}, {"OrganizationArn": "arn:aws:organizations::1:o"}]
    }
    assert snapshot.parameters == {
        "SnapshotId": "snap-0a1b2c3d",
        "Attribute": "createVolumePermission",
        "CreateVolumePermission": {"Add": [{"UserId": "123456789012"}]},
    }
    (public,) = share(IMAGE, [], [], public=True).calls
    assert public.parameters["LaunchPermission"] == {"Add": [{"Group": "all"}]}
    (deprecated,) = deprecate(IMAGE, "2027-01-01T00:00:00Z").calls
    assert deprecated.parameters == {"ImageId": "ami-0a1b2c3d", "DeprecateAt": "2027-01-01T00:00:00Z"}


def test_an_image_in_use_is_only_retired_by_force_and_what_breaks_is_said() -> None:
    used = References(instances=("i-1",), templates=("web:3",))
    refused = retire(IMAGE, used, Keeping(), force=False)
    assert refused.refused is not None
    assert "instance i-1 runs it; launch template web:3 would start nothing" in refused.refused
    forced = retire(IMAGE, used, Keeping(), force=True)
    assert forced.refused is None
    assert forced.warnings == used.lines
    assert [call.action for call in forced.calls] == ["DeregisterImage", "DeleteSnapshot"]
    assert retire(IMAGE, References(), Keeping(), force=False).refused is None
    assert retire(IMAGE, References(unseen=("parameters: no",)), Keeping(), force=False).refused is not None
