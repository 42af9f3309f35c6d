"""Groups rolled onto an image, against a fake that keeps the rules of instance refreshes."""

import asyncio
from collections.abc import Iterator

import msgspec
import pytest

from nixtui.aws.session import Session
from nixtui.images.catalogue import find_image
from nixtui.instances.refreshing import (
    Refresh,
    Rollout,
    end_change,
    find_group,
    is_of_a_kind,
    plan_refresh,
    refresh_job,
)
from nixtui.instances.standing import Group
from nixtui.model.image import Image
from nixtui.operations.events import AnyEvent, Progress
from nixtui.operations.operation import Run
from nixtui.operations.report import Outcome
from tests.cli.conftest import Shell, shell
from tests.instances.fake_scaling import REGION, FakeScaling

__all__ = ["shell"]

OLD, NEW = "ami-0000000a", "ami-0000000b"
WORDS = ("instance", "refresh", "web", "--image", NEW, "--every", "0.01")


@pytest.fixture
def scaling(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeScaling]:
    with FakeScaling() as fake:
        shell.environ.update(fake.environ)
        for name, value in fake.environ.items():
            monkeypatch.setenv(name, value)
        yield fake


def test_a_group_is_rolled_with_checkpoints_and_bake_time(shell: Shell, scaling: FakeScaling) -> None:
    ended = shell.run(*WORDS, "--checkpoint", "25", "--checkpoint", "50", "--bake", "60", "--yes", "--json")
    assert ended.code == 0, (ended.out, ended.err)
    assert scaling.instances == [NEW] * 4
    assert scaling.version == "2"
    assert scaling.versions[1] == {"ImageId": NEW, "InstanceType": "t3.micro"}
    assert "Baking" in scaling.statuses
    (form,) = (each.form for each in scaling.refreshes)
    assert [form[f"Preferences.CheckpointPercentages.member.{number}"] for number in (1, 2, 3)] == ["25", "50", "100"]
    assert "checkpoint 25 reached" in ended.err
    assert ended.json["rollback_possible"] is True


def test_a_broken_image_goes_back_by_itself(shell: Shell, scaling: FakeScaling) -> None:
    scaling.broken.add(NEW)
    ended = shell.run(*WORDS, "--yes", "--json")
    assert ended.json["hosts"][0]["outcome"] == "reverted", ended.err
    assert "failed their health checks" in ended.json["hosts"][0]["detail"]
    assert (scaling.instances, scaling.version) == ([OLD] * 4, "1")


def test_an_alarm_while_it_bakes_takes_it_back(shell: Shell, scaling: FakeScaling) -> None:
    scaling.alarms.add("errors")
    ended = shell.run(*WORDS, "--alarm", "errors", "--bake", "60", "--yes", "--json")
    assert ended.json["hosts"][0]["outcome"] == "reverted", ended.err


def test_without_a_way_back_it_is_refused_and_says_why(shell: Shell, scaling: FakeScaling) -> None:
    scaling.version = "$Latest"
    ended = shell.run(*WORDS, "--yes", "--json")
    assert ended.code == 5
    assert "follows $Latest" in ended.json["hosts"][0]["detail"]
    assert (ended.json["rollback_possible"], scaling.refreshes) == (False, [])
    dry = shell.run(*WORDS, "--no-auto-rollback", "--dry-run")
    assert "rollback possible: no" in dry.out
    assert shell.run(*WORDS, "--no-auto-rollback", "--yes").code == 0
    assert scaling.instances == [NEW] * 4


def test_what_the_environment_of_a_member_asks_for_its_group_asks_for(shell: Shell, scaling: FakeScaling) -> None:
    shell.configure(
        '[fleet]\nsources = ["file"]\n[hosts.web3]\ntags = { ec2 = "i-00000003" }\n'
        '[environments.prod]\nmatch = "*"\nread_only = true\n'
    )
    ended = shell.run(*WORDS, "--yes")
    assert (ended.code, "environment prod is read-only" in ended.err) == (5, True), ended.err
    assert (scaling.instances, scaling.refreshes) == ([OLD] * 4, [])


def test_an_image_by_parameter_has_no_way_back(shell: Shell, scaling: FakeScaling) -> None:
    scaling.versions[0]["ImageId"] = "resolve:ssm:/images/web"
    ended = shell.run(*WORDS, "--yes", "--json")
    assert (ended.code, "SSM parameter" in ended.json["hosts"][0]["detail"]) == (5, True)


def test_one_at_a_time_and_the_running_one_can_be_ended(shell: Shell, scaling: FakeScaling) -> None:
    start = {
        "DesiredConfiguration.LaunchTemplate.Version": "2",
        "Action": "StartInstanceRefresh",
        "Version": "2011-01-01",
    }
    scaling.versions.append({"ImageId": NEW})
    scaling.answer(start)
    second = shell.run(*WORDS, "--yes", "--json")
    assert (second.code, "InProgress" in second.json["hosts"][0]["detail"]) == (5, True)
    assert shell.run("instance", "refresh", "web", "--cancel", "--yes").code == 0
    told = shell.run("instance", "refresh", "web", "--status", "--json").json
    assert told["status"] == "Cancelled"
    assert shell.run("instance", "refresh", "web", "--rollback", "--yes").code == 5


def test_a_missing_permission_is_named(shell: Shell, scaling: FakeScaling) -> None:
    scaling.denied.add("StartInstanceRefresh")
    ended = shell.run(*WORDS, "--yes", "--json")
    assert ended.code == 1
    assert "autoscaling:StartInstanceRefresh" in ended.json["hosts"][0]["remedy"]


@pytest.mark.parametrize(("version", "outcome"), [("1", Outcome.REVERTED), ("$Latest", Outcome.FAILED)])
async def test_stopping_rolls_back_where_it_can_and_else_cancels(
    scaling: FakeScaling, version: str, outcome: Outcome
) -> None:
    scaling.version = version
    async with Session(scaling.environ) as session:
        group = await find_group(session, REGION, "web")
        image = await find_image(session, NEW, REGION)
        rollout = Rollout(group=group, image=image, auto_rollback=version == "1")
        stop = asyncio.Event()

        def tell(event: AnyEvent) -> None:
            if isinstance(event, Progress) and event.done >= 25:
                stop.set()

        run = Run("op", plan_refresh(rollout), tell, lambda: 0.0, stop)
        report = await refresh_job(rollout, session, every_s=0.01)(run)
    assert (report.outcome, report.interrupted) == (outcome, True)
    assert scaling.instances.count(NEW) == (0 if version == "1" else scaling.instances.count(NEW))
    assert scaling.refreshes[0].status == ("RollbackSuccessful" if version == "1" else "Cancelled")


def test_a_group_that_is_not_there(shell: Shell, scaling: FakeScaling) -> None:
    ended = shell.run("instance", "refresh", "nobody", "--image", NEW)
    assert (ended.code, 'no auto scaling group "nobody"' in ended.err) == (1, True)


def test_an_image_of_another_kind_is_told() -> None:
    assert is_of_a_kind("shop/web-26.05.20261112.6bdd2de-x86_64-linux", "shop/web-25.11.1-x86_64-linux")
    assert not is_of_a_kind("shop/app-26.05.20261112.6bdd2de-x86_64-linux", "shop/web-26.05.20261112.6bdd2de")
    assert is_of_a_kind("web", "web")
    assert not is_of_a_kind("web", None)
    group = Group(name="web", region=REGION, template="lt-1", version="1", number="1", image=OLD, wanted=2)
    image = Image(identity=NEW, name="shop/app-2", region=REGION, state="available")
    (told,) = plan_refresh(Rollout(group=group, image=image), starts="shop/web-1").targets
    assert told.warnings[0] == "another kind of image: the group starts shop/web-1"
    (same,) = plan_refresh(Rollout(group=group, image=image), starts="shop/app-1").targets
    assert not any("another kind" in each for each in same.warnings)


def test_a_roll_is_ended_only_where_one_runs_and_taken_back_only_where_that_can_be_done() -> None:
    group = Group(name="web", region=REGION, template="lt-1", version="1", number="1", image=OLD, wanted=2)
    running = Refresh(identity="r-1", group="web", region=REGION, status="InProgress", percent=50)
    assert end_change(group, None, back=True).refused == "no refresh of it runs"
    ended = msgspec.structs.replace(running, status="Successful")
    assert end_change(group, ended, back=False).refused == "no refresh of it runs"
    assert [call.action for call in end_change(group, running, back=True).calls] == ["RollbackInstanceRefresh"]
    latest = msgspec.structs.replace(group, version="$Latest")
    refused = end_change(latest, running, back=True)
    assert ("cannot be rolled back" in (refused.refused or ""), refused.remedy) == (True, "cancel it instead")
    cancelled = end_change(latest, running, back=False)
    assert (cancelled.refused, cancelled.warnings) == (None, ("instances of two images stay",))
