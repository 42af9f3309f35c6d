"""What must hold between values that are each fine by themselves."""

import pytest

from tests.config.documents import document, problems, warnings


def test_health_commands_must_fit_into_the_time_a_host_waits() -> None:
    assert problems("[activation]\nrevert_after = '30s'\nhealth = ['a', 'b', 'c']") == [
        "nixtui.toml:3: activation.health: with 10s to log in and confirm this may take 40s, but revert_after is 30s, "
        "raise revert_after or lower the timeouts"
    ]


def test_eight_commands_of_ten_seconds_just_fit_into_ninety() -> None:
    health = ", ".join(["'true'"] * 8)
    assert document(f"[activation]\nhealth = [{health}]").activation.revert_after == 90
    assert len(problems(f"[activation]\nhealth = [{health}, 'true']")) == 1


def test_each_command_counts_with_its_own_limit() -> None:
    assert document("[activation]\nhealth = [{ command = 'a', timeout = '1m20s' }]")
    assert problems("[activation]\nhealth = [{ command = 'a', timeout = '1m21s' }]")
    assert problems("[activation]\nhealth = ['a']\nhealth_timeout = '2m'")


def test_without_health_commands_there_must_be_time_to_log_in() -> None:
    assert problems("[activation]\nrevert_after = '9s'") == [
        "nixtui.toml:2: activation.revert_after: revert_after is 9s, 10s are needed to log in and confirm"
    ]


def test_a_section_with_worse_problems_is_not_blamed_for_their_consequences() -> None:
    (told,) = problems("[activation]\nrevert_after = 120\nhealth = [{ command = 'a', timeout = '100s' }]")
    assert "revert_after" in told


def test_several_logins() -> None:
    known = document("[ec2]\nprofiles = ['prod', 'staging']").ec2
    assert known is not None
    assert known.logins == ("prod", "staging")
    assert (one := document("[ec2]\nprofile = 'prod'").ec2) is not None
    assert one.logins == ("prod",)
    assert (none := document("[ec2]\n").ec2) is not None
    assert none.logins == ()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("profiles = []", "ec2.profiles: names no login, leave it out for the environment's"),
        ("profiles = ['a', 'b', 'a']", 'ec2.profiles[2]: "a" is listed twice, remove one'),
        ("profiles = ['a', '']", "ec2.profiles[1]: expected str of length >= 1"),
        ("profiles = ['a', 7]", "ec2.profiles[1]: expected str, got int, write it in quotes"),
        ("profiles = 'a'", 'ec2.profiles: expected an array, got "a", write ["a"]'),
        (
            "profiles = ['a']\nprofile = 'b'",
            "ec2.profiles: there is profile as well, and one of them says which logins are used, "
            'write profiles = ["b", …]',
        ),
    ],
)
def test_logins_that_cannot_be_meant(text: str, told: str) -> None:
    assert problems(f"[ec2]\n{text}") == [f"nixtui.toml:2: {told}"]


def test_a_source_twice_or_none_at_all() -> None:
    assert problems("[fleet]\nsources = ['file', 'file']") == [
        'nixtui.toml:2: fleet.sources[1]: "file" is listed twice, remove one'
    ]
    assert problems("[fleet]\nsources = []") == [
        "nixtui.toml:2: fleet.sources: no source is left, so the fleet has no hosts, leave it out for all of them"
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "[fleet]\nsources = ['flake']\n[hosts.a]",
            'nixtui.toml:2: warning: fleet.sources: [hosts] is not used, add "file" to use it',
        ),
        (
            "[environments.any]\nmatch = 'all'\n[environments.prod]\nmatch = 'tag:env=prod'",
            "nixtui.toml:3: warning: environments.prod: matches nothing that any does not match first, "
            "write it above [environments.any]",
        ),
        (
            "[environments.a]\nmatch = 'web-*'\n[environments.b]\nmatch = ' web-* '",
            "nixtui.toml:3: warning: environments.b: matches nothing that a does not match first, "
            "write it above [environments.a]",
        ),
        (
            "[hosts.'web 1']",
            'nixtui.toml:1: warning: hosts."web 1": the name has a " "; letters, digits and + - . _ are possible, '
            "this host is left out",
        ),
    ],
)
def test_what_is_allowed_but_hardly_meant_is_a_warning(text: str, told: str) -> None:
    assert warnings(text) == [told]


def test_an_ordinary_file_has_no_warnings() -> None:
    assert warnings("[hosts.a]\n[environments.p]\nmatch = 'tag:env=prod'\n[environments.rest]\nmatch = 'all'") == []


def test_a_host_pulls_with_one_program() -> None:
    pulls = "[hosts.a]\npull = 'github:o/r#a'\n"
    assert document(pulls).hosts["a"].pull == "github:o/r#a"
    assert problems(f"{pulls}fh = 'o/f/*#nixosConfigurations.a'") == [
        "nixtui.toml:3: hosts.a.fh: there is pull as well, and a host fetches one system, remove one"
    ]
