"""Logging in at AWS again without leaving the app: a stand-in for AWS's own command, in a real terminal."""

import json
import shutil
import sys
import time
from collections.abc import Iterator

import pytest

from tests.aws.accounts import PROD, Accounts, accounts
from tests.aws.identity_center import Center, center
from tests.cli.conftest import Shell, shell
from tests.tui.terminal import Terminal, terminal

__all__ = ["accounts", "center", "shell"]

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="there is no tmux here")

AWS = """#!/bin/sh
echo "$*" >>"$HOME/said"
echo 'Attempting to open the SSO authorization page'
read -r answer
[ "$answer" = yes ] || exit 255
cp "$HOME/fresh.json" {cache}
"""


@pytest.fixture
def app(shell: Shell, center: Center, accounts: Accounts) -> Iterator[Terminal]:
    center.log_in(left_s=3600)
    (shell.directory / "fresh.json").write_text(center.cache.read_text())
    stale = json.loads(center.cache.read_text()) | {"expiresAt": "2026-01-01T00:00:00Z"}
    center.cache.write_text(json.dumps(stale))
    center.refresh_token = None  # the session of the portal is over
    accounts.an_image(PROD, "shop-web")
    programs = shell.directory / "bin"
    programs.mkdir()
    aws = programs / "aws"
    aws.write_text(AWS.format(cache=center.cache))
    aws.chmod(0o755)
    shell.configure(
        '[fleet]\nname = "shop"\nsources = ["file"]\n[ec2]\nprofiles = ["old"]\nregions = ["eu-central-1"]\n'
    )
    environ = {**shell.environ, "PATH": f"{programs}:{shell.environ['PATH']}"}
    with terminal(shell.directory, f"{sys.executable} -m nixtui", environ) as opened:
        yield opened


def until_begun(shell: Shell, times: int) -> None:
    """The screen has the words of the time before."""
    said, end = shell.directory / "said", time.monotonic() + 30
    while not said.exists() or said.read_text() != "sso login --profile old\n" * times:
        assert time.monotonic() < end, "aws was not started"
        time.sleep(0.05)


def test_a_login_that_is_over_is_renewed_from_the_app(app: Terminal, shell: Shell) -> None:
    app.until("? help")
    app.type("4")
    app.until(":login logs in again")
    for number, (command, answer, told) in enumerate((
        (":login", "no", "aws sso login --profile old ended with 255"),
        (":login old", "yes", "Logged in at AWS"),
    )):  # fmt: skip
        app.type(command)
        app.keys("Enter")
        until_begun(shell, number + 1)
        app.type(answer)
        app.keys("Enter")
        app.until(told)
    app.keys("C-r")
    app.until("shop-web")
    app.type("q")
    app.until("ENDED 0")
