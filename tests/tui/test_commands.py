"""The `:` command line."""

import msgspec
import pytest

from nixtui.tui.commands import (
    BadCommand,
    BuildOn,
    DeployFrom,
    GoToHost,
    ProposeTyped,
    Quit,
    RollBackTo,
    ShowEnvironment,
    Visit,
    Vocabulary,
    WhatBefore,
    complete,
    parse_command,
)

TYPED = ("image create", "image publish", "instance shift")
KNOWN = Vocabulary(("fleet", "generations", "activity"), ("web-1", "web-12", "db-1"), ("prod", "staging"), typed=TYPED)


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("q", Quit()),
        ("fleet", Visit("fleet")),
        ("host web-12", GoToHost("web-12")),
        ("rollback @14:00", RollBackTo("@14:00")),
        ("rollback", RollBackTo("previous")),
        ("before 03:12", WhatBefore("03:12")),
        ("build on web-12", BuildOn("web-12")),
        ("deploy on target", DeployFrom("target")),
        ("deploy on  ssh-ng://me@builder", DeployFrom("ssh-ng://me@builder")),
        ("image create web-1 --copy-to us-east-1", ProposeTyped("image create", "web-1 --copy-to us-east-1")),
        ("instance shift", ProposeTyped("instance shift", "")),
        ("env prod", ShowEnvironment("prod")),
        ("env all", ShowEnvironment(None)),
        ("  env  ", ShowEnvironment(None)),
    ],
)
def test_commands(text: str, command: object) -> None:
    assert parse_command(text, KNOWN) == command


@pytest.mark.parametrize(
    "text",
    [
        "host web-99", "host", "before", "env nowhere", "frobnicate", "fleet now", "build on web-9", "deploy on",
        "image", "image frob",
    ],
)  # fmt: skip
def test_what_is_no_command_says_what_would_be(text: str) -> None:
    with pytest.raises(BadCommand) as error:
        parse_command(text, KNOWN)
    assert any(
        word in str(error.value)
        for word in ("no host", "needs a name", "needs a moment", "prod", "try", "no place", "needs a name")
    )


def test_completion_offers_whole_lines() -> None:
    assert complete("ho", KNOWN) == ["host"]
    assert complete("host web", KNOWN) == ["host web-1", "host web-12"]
    assert complete("env ", KNOWN) == ["env prod", "env staging", "env all"]
    assert complete("nothing", KNOWN) == []
    assert complete("deploy on w", msgspec.structs.replace(KNOWN, actions=("deploy",))) == [
        "deploy on web-1",
        "deploy on web-12",
    ]


def test_a_command_as_in_a_shell_is_completed_word_by_word() -> None:
    known = msgspec.structs.replace(KNOWN, options={"image create": ("--copy-to", "--boot-check")}.__getitem__)
    assert complete("im", known) == ["image create", "image publish"]
    assert complete("image c", known) == ["image create"]
    assert complete("image create web", known) == ["image create web-1", "image create web-12"]
    assert complete("image create web-1 --c", known) == ["image create web-1 --copy-to"]
    assert complete("image frob x", known) == []
