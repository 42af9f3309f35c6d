"""Screen 4 of two accounts: one list each of images and instances, and what is done goes by the login of each row."""

from pathlib import Path

import pytest

from nixtui.tui.screens.progress import ProgressScreen
from tests.aws.accounts import PROD, STAGING, Accounts, accounts
from tests.tui.screen import line_with, press, until, until_shown, write
from tests.tui.test_images_screen import looking
from tests.tui.test_instances_screen import at_ec2

__all__ = ["accounts"]

THREE = 'profiles = ["prod", "old", "staging"]\n'
"""The second has no login any more."""


@pytest.mark.parametrize("size", [(200, 40), (80, 24)])
async def test_instances_of_two_accounts_are_one_list_and_each_is_stopped_by_its_login(
    size, tmp_path: Path, accounts: Accounts
) -> None:
    ours, theirs = accounts.an_instance(PROD, "web-1"), accounts.an_instance(STAGING, "web-2")
    async with at_ec2(tmp_path, accounts.environ, size, more=THREE) as (app, pilot, screen):
        await until_shown(pilot, "✖ 1 not told  login staging ends in")  # prod's keys do not end
        assert ("2 in eu-central-1 of 3 logins" in line_with(app, "[Instances]")) == (size[0] > 160)
        if size[0] > 160:  # the header, by name only once it is soon
            await until(pilot, lambda: "·  aws " in line_with(app, "r/w"), "how long the login lasts")
        assert "LOGIN" in line_with(app, "NAME▾")
        assert "prod" in line_with(app, "web-1  ")
        assert "staging" in line_with(app, "web-2  ")
        told = {each.region: (each.reason, each.remedy) for each in screen._found.troubles}
        assert told == {"old": ("the AWS login has expired", "log in again: aws sso login --profile old")}
        await press(pilot, "slash")
        await write(pilot, "staging")
        await until(pilot, lambda: list(screen.table.order) == [f"staging/eu-central-1/{theirs}"], "the filter")
        await press(pilot, "escape", "g", "space", "space")
        await until_shown(pilot, "2 marked")
        accounts.asked.clear()
        await press(pilot, "X")
        await until(pilot, lambda: app.screen is not screen, "the dialog")
        await until(pilot, lambda: app.screen.decision.why_not() is None, "the plan")
        await press(pilot, "right", "enter")
        await until(pilot, lambda: isinstance(app.screen, ProgressScreen), "the operation")
        await until(pilot, lambda: app.screen.operation.report is not None, "its end")
        steps = [command for step in app.screen.operation.plan.steps for command in step.commands]
        assert [command.split(" InstanceIds")[0] for command in steps] == [
            "ec2:StopInstances in eu-central-1 by prod",
            "ec2:StopInstances in eu-central-1 by staging",
        ]
        assert (accounts.state(PROD, ours), accounts.state(STAGING, theirs)) == ("stopped", "stopped")
        sent = {each.account: each.text for each in accounts.calls("StopInstances")}
        assert (ours in sent[PROD], theirs in sent[STAGING]) == (True, True)
        await press(pilot, "escape", "escape")
        await until(pilot, lambda: app.screen is screen, "the view")
        screen.table.go_to(f"staging/eu-central-1/{theirs}")
        await until_shown(pilot, f"staging, account {STAGING}")
        await until(pilot, screen.looked_doors, "the ways in")
        assert any("--profile staging" in each.words for each in screen.looked_doors())
        mine, other = (accounts.about(identity) for identity in (ours, theirs))
        assert ({each.account for each in mine}, {each.account for each in other}) == ({PROD}, {STAGING})


async def test_images_of_two_accounts_are_one_list_with_the_login_that_ends_first(
    tmp_path: Path, accounts: Accounts
) -> None:
    accounts.an_image(PROD, "ours")
    theirs = accounts.an_image(STAGING, "theirs")
    async with looking(tmp_path, accounts.environ, regions=("eu-central-1",), more=THREE) as (app, pilot, screen):
        await until_shown(pilot, "✖ 1 did not tell  login staging ends in")
        assert ("prod" in line_with(app, "ours  "), "staging" in line_with(app, "theirs  ")) == (True, True)
        screen.table.go_to(f"staging/eu-central-1/{theirs}")
        await until_shown(pilot, f"staging, account {STAGING}")
        await until_shown(pilot, "✖ old: the AWS login has expired")
        await until_shown(pilot, "not known: parameters")  # moto cannot be asked which parameters name an image
        asked = [each for each in accounts.about(theirs) if each.action == "DescribeInstances"]
        assert {each.account for each in asked} == {STAGING}
        await press(pilot, "C")
        await write(pilot, "us-east-1")
        await press(pilot, "enter")
        await until(pilot, lambda: app.screen is not screen, "the dialog")
        await until(pilot, lambda: app.screen.decision.why_not() is None, "the plan")
        await press(pilot, "right", "enter")
        await until(pilot, lambda: accounts.calls("CopyImage") != [], "the copy")
        (copied,) = accounts.calls("CopyImage")
        assert (copied.account, copied.region, theirs in copied.text) == (STAGING, "us-east-1", True)


async def test_no_login_at_all_says_why_of_each(tmp_path: Path, accounts: Accounts) -> None:
    more = 'profiles = ["old", "gone"]\n'
    async with looking(tmp_path, accounts.environ, more=more) as (app, pilot, _):
        for words in (
            "✖ old: the AWS login has expired", "aws sso login --profile old",
            "✖ gone: The config profile (gone) could not be found",
        ):  # fmt: skip
            await until_shown(pilot, words)
    assert app.return_value is None
