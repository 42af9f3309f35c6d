import pytest

from nixtui.config.strings import (
    parse_address,
    parse_colour,
    parse_flake,
    parse_host_selector,
    parse_hub,
    parse_pull,
    parse_user,
)
from nixtui.config.value import BadValue


@pytest.mark.parametrize("text", ["10.0.1.11", "web-1.example.com", "fd00::1", "::1", "fe80::1%eth0", "web_1", "bär"])
def test_addresses_that_ssh_takes(text: str) -> None:
    assert parse_address(text) == text


@pytest.mark.parametrize(
    "text", ["", "-oProxyCommand=id", "a b", "a;b", "$(id)", "a\nb", "[::1]", "web\x1b[2J", "x" * 300, "%h", "a\u202eb"]
)
def test_addresses_that_could_do_more_than_name_a_host_are_refused(text: str) -> None:
    with pytest.raises(BadValue):
        parse_address(text)


def test_a_login_in_the_address_is_told_where_it_belongs() -> None:
    with pytest.raises(BadValue, match="the login goes into user"):
        parse_address("root@10.0.0.1")


@pytest.mark.parametrize("text", ["", "-l", "a b", "a;b", "`id`", "root\n", 7])
def test_logins_that_are_none(text: object) -> None:
    with pytest.raises(BadValue):
        parse_user(text)
    assert parse_user("ada@corp.example") == "ada@corp.example"


@pytest.mark.parametrize(
    "text", [".", "./infra", "/srv/fleet", "~/fleet", "github:o/r", "git+ssh://h/r?ref=x", ".?dir=a"]
)
def test_flake_references(text: str) -> None:
    assert parse_flake(text) == text


def test_a_flake_with_an_attribute_is_told_what_to_write() -> None:
    with pytest.raises(BadValue, match=r'"\.#web-1" names an attribute, write "\."'):
        parse_flake(".#web-1")
    with pytest.raises(BadValue, match=r'write "\."'):
        parse_flake("#web-1")


@pytest.mark.parametrize("text", ["", "-f", "a\nb", 3])
def test_what_is_no_flake_reference(text: object) -> None:
    with pytest.raises(BadValue):
        parse_flake(text)


@pytest.mark.parametrize("text", ["all", "web-*", "tag:env=prod", "tag:env=prod,!web-9 tag:x"])
def test_selectors_that_the_inventory_can_answer(text: str) -> None:
    assert parse_host_selector(text) == text


@pytest.mark.parametrize(
    "text", ["is:failed", "web-* !is:up", "rev:abcd", "gen:12", "env:prod", "!env:prod", "a,env:x"]
)
def test_how_a_host_is_cannot_choose_its_environment(text: str) -> None:
    with pytest.raises(BadValue, match="an environment is chosen by name or tag"):
        parse_host_selector(text)


@pytest.mark.parametrize("text", ["", "tag:", "prod:web", ",", "!"])
def test_a_selector_that_does_not_parse_says_what_would(text: str) -> None:
    with pytest.raises(BadValue, match="no selector, "):
        parse_host_selector(text)


def test_colours_are_theme_words_or_hexadecimal() -> None:
    assert [parse_colour(text) for text in ("warning", "red", "#d08770")] == ["warning", "red", "#d08770"]
    for text in ("", "Red!", "#12", "[bold]", "red\n"):
        with pytest.raises(BadValue):
            parse_colour(text)


@pytest.mark.parametrize("text", ["github:o/r#web", "github:o/r", "/etc/nixos#web", "git+ssh://h/r?ref=x#a"])
def test_flakes_that_hosts_pull(text: str) -> None:
    assert parse_pull(text) == text


@pytest.mark.parametrize("text", ["", "--impure", "a b", "a\nb", 7])
def test_what_no_host_can_pull(text: object) -> None:
    with pytest.raises(BadValue):
        parse_pull(text)


@pytest.mark.parametrize("text", ["org/flake/*", "org/flake/0.1.*#nixosConfigurations.web-1"])
def test_outputs_on_flakehub(text: str) -> None:
    assert parse_hub(text) == text


@pytest.mark.parametrize(
    "text", ["", "org/flake", "-x/flake/*", "org/flake/* --help", "org/flake/*#a#b", "https://a/b/c"]
)
def test_what_is_no_output_on_flakehub(text: str) -> None:
    with pytest.raises(BadValue):
        parse_hub(text)
