"""Commands of the command line typed in the app: an image made from screen 4, against an account on loopback."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from nixtui.tui.screens.progress import ProgressScreen
from tests.aws.fake_aws import Faults
from tests.aws.fake_cloud import FakeCloud
from tests.aws.moto_aws import an_image, client, moto_environ
from tests.images.disks import MIB, sparse
from tests.tui.screen import press, shown, until, until_shown, write
from tests.tui.test_images_screen import looking

__all__ = ["moto_environ"]

REGION = ("eu-central-1",)


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeCloud]:
    directory = tmp_path / "cloud"
    directory.mkdir()
    with FakeCloud(directory, faults=Faults()) as fake:
        for name, value in fake.environ.items():
            monkeypatch.setenv(name, value)
        yield fake


async def test_an_image_is_made_from_its_screen(tmp_path: Path, cloud: FakeCloud) -> None:
    sparse(tmp_path / "disk.raw", 24 * MIB)
    async with looking(tmp_path, cloud.environ, regions=REGION) as (app, pilot, _):
        await press(pilot, "m")
        await until_shown(pilot, ":image create")
        await write(pilot, "--file disk.raw --name 'web 25.11' --arch x86_64")
        await press(pilot, "enter")
        await until_shown(pilot, "Create disk.raw")
        await until(pilot, lambda: app.screen.decision.why_not() is None, "the plan")  # type: ignore[attr-defined]
        assert not cloud.images
        await press(pilot, "right", "enter")
        await until(pilot, lambda: isinstance(app.screen, ProgressScreen), "the operation")
        await until(pilot, lambda: app.screen.operation.report is not None, "its end")  # type: ignore[attr-defined]
        assert [each.request["Name"] for each in cloud.images.values()] == ["web 25.11"], shown(app)
        assert app.screen.operation.report.outcome.value == "committed"  # type: ignore[attr-defined]


async def test_what_a_run_that_failed_left_is_removed_without_leaving(tmp_path: Path, cloud: FakeCloud) -> None:
    sparse(tmp_path / "disk.raw", 24 * MIB)
    cloud.faults.refuse = (403, "AccessDeniedException", "no")
    async with looking(tmp_path, cloud.environ, regions=REGION) as (app, pilot, images):
        await press(pilot, "m")
        await until_shown(pilot, ":image create")
        await write(pilot, "--file disk.raw --name 'web 25.11' --arch x86_64")
        await press(pilot, "enter")
        await until(pilot, lambda: app.screen is not images, "the dialog")
        await until(pilot, lambda: app.screen.decision.why_not() is None, "the plan")  # type: ignore[attr-defined]
        await press(pilot, "right", "enter")
        await until(pilot, lambda: isinstance(app.screen, ProgressScreen), "the operation")
        await until(pilot, lambda: app.screen.operation.report is not None, "its end")  # type: ignore[attr-defined]
        (left,) = cloud.snapshots
        (row,) = app.screen.operation.report.targets  # type: ignore[attr-defined]
        assert f"to remove it instead: nixtui image discard {left} --region eu-central-1" in str(row.remedy)
        while app.screen is not images:  # a notice may take the first one
            await press(pilot, "escape")
            await pilot.pause(0.1)
        await press(pilot, "colon")
        await write(pilot, f"image discard {left} --region eu-central-1")
        await press(pilot, "enter")
        await until_shown(pilot, f"Discard {left}")
        await until(pilot, lambda: app.screen.decision.why_not() is None, "the plan")  # type: ignore[attr-defined]
        await press(pilot, "right", "enter")
        await until(pilot, lambda: not cloud.snapshots, "it to be gone")


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("", "give a HOST of the flake, or --file IMAGE"),
        ("h1 --frobnicate", "unrecognized arguments: --frobnicate"),
        ("h1 --yes", "--yes is not needed: you are asked here"),
        ("h1 --name 'web", "the quotes do not match"),
        ("--file none.raw --name web --arch x86_64", "there is no file"),
    ],
)
async def test_what_makes_no_sense_is_a_sentence(tmp_path: Path, cloud: FakeCloud, typed: str, why: str) -> None:
    async with looking(tmp_path, cloud.environ, regions=REGION) as (_, pilot, __):
        await press(pilot, "m")
        await write(pilot, typed)
        await press(pilot, "enter")
        await until_shown(pilot, why)
    assert not cloud.calls["StartSnapshot"]


async def test_read_only_makes_none_however_it_is_typed(tmp_path: Path, cloud: FakeCloud) -> None:
    async with looking(tmp_path, cloud.environ, regions=REGION, read_only=True) as (_, pilot, __):
        await press(pilot, "m")
        await until_shown(pilot, "nixtui runs read-only")
        await press(pilot, "colon")
        await write(pilot, "image create --file disk.raw --name web --arch x86_64")
        await press(pilot, "enter")
        await until_shown(pilot, ":image create: nixtui runs read-only")


async def test_a_stack_is_destroyed_once_its_name_is_typed(tmp_path: Path, moto_environ: dict[str, str]) -> None:
    ec2, own = client("ec2"), {"Name": "review-web", "nixtui:stack": "review", "nixtui:stack-host": "web"}
    tags = [{"Key": key, "Value": value} for key, value in {**own, "nixtui:stack-fleet": "shop"}.items()]
    made = ec2.run_instances(
        ImageId=an_image(), MinCount=1, MaxCount=1, TagSpecifications=[{"ResourceType": "instance", "Tags": tags}]
    )
    identity = made["Instances"][0]["InstanceId"]

    def state() -> str:
        (group,) = ec2.describe_instances(InstanceIds=[identity])["Reservations"]
        return str(group["Instances"][0]["State"]["Name"])

    declared = f'[stacks.review]\nregion = "{REGION[0]}"\n[stacks.review.hosts.web]\nimage = "web"\ntype = "t3.small"\n'
    async with looking(tmp_path, moto_environ, regions=REGION, more=declared) as (app, pilot, _):
        await press(pilot, "colon")
        await write(pilot, "stack destroy review")
        await press(pilot, "enter")
        await until_shown(pilot, "Destroy review")
        await until(pilot, lambda: app.screen.decision.must_type, "the plan")  # type: ignore[attr-defined]
        assert identity in shown(app)
        await press(pilot, "right", "enter")  # what is not typed yet is asked for
        assert state() == "running"
        await write(pilot, "review")
        await press(pilot, "enter", "enter")
        await until(pilot, lambda: isinstance(app.screen, ProgressScreen), "the operation")
        await until(pilot, lambda: app.screen.operation.report is not None, "its end")  # type: ignore[attr-defined]
        assert state() == "terminated"
