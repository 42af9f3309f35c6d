"""A login by IAM Identity Center (SSO): renewed without anybody noticing, as long as its session lasts."""

import json
from pathlib import Path

import pytest

from nixtui.aws.logins import open_logins
from nixtui.cli.cockpit.logging_in import words_to_log_in
from nixtui.cli.exits import UsageError
from tests.aws.accounts import PROD, Accounts, accounts
from tests.aws.identity_center import Center, center
from tests.cli.conftest import Shell, shell

__all__ = ["accounts", "center", "shell"]

OVER = "the AWS login has expired; log in again: aws sso login --profile old"


def test_a_login_whose_hour_is_over_is_renewed_and_nobody_is_asked(
    shell: Shell, center: Center, accounts: Accounts
) -> None:
    center.log_in(left_s=-60)
    instance = accounts.an_instance(PROD, "web-1")  # where moto puts keys that it does not know
    accounts.asked.clear()
    ended = shell.run("instance", "list", "--json")
    assert (ended.code, ended.err) == (0, "")
    assert [each["instance_id"] for each in ended.json] == [instance]
    assert (center.renewed, center.roles) == (1, 1)
    assert {each.key for each in accounts.asked} == {"ASIAROLE1"}
    kept = json.loads(center.cache.read_text())
    assert (kept["accessToken"], kept["refreshToken"]) == ("token-1", "refresh-2"), "the next program goes on with it"
    again = shell.run("instance", "list", "--json")
    assert (again.code, center.renewed) == (0, 1), "an hour's token is not renewed each time"


def test_a_login_that_cannot_be_renewed_is_one_sentence_with_the_way_back(shell: Shell, center: Center) -> None:
    center.log_in(left_s=-60)
    center.refresh_token = None  # the session of the portal is over
    ended = shell.run("instance", "list")
    assert ended.code == 1
    assert ended.err.splitlines() == [
        "nixtui: old: the AWS login has expired; log in again: aws sso login --profile old"
    ]
    for secret in ("client's secret", "token-0", "refresh-1"):
        assert secret not in ended.out + ended.err


def test_a_token_that_the_portal_revoked_is_no_traceback(shell: Shell, center: Center) -> None:
    center.log_in(left_s=3600)
    center.good.clear()
    ended = shell.run("instance", "list")
    assert ended.code == 1
    assert ended.err == f"nixtui: old: {OVER}\n"


def test_which_login_the_app_renews_is_said_where_there_are_several(tmp_path: Path) -> None:
    aws = tmp_path / "aws"
    aws.touch(0o755)
    here = {"PATH": str(tmp_path)}
    assert words_to_log_in(open_logins({}), None, here) == ("aws", "sso", "login")
    assert words_to_log_in(open_logins({}, named=["prod"]), None, here)[-1] == "prod"
    both = open_logins({}, named=["prod", "staging"])
    assert words_to_log_in(both, "staging", here) == ("aws", "sso", "login", "--profile", "staging")
    for profile, environ, words in (
        (None, here, "say which: prod or staging"),
        ("other", here, '"other" is none of prod, staging'),
        ("prod", {"PATH": "/nowhere"}, "AWS's command line is not here"),
        ("prod", here | {"NIXTUI_DEMO": ""}, "the demo's AWS"),
    ):
        with pytest.raises(UsageError, match=words):
            words_to_log_in(both, profile, environ)
