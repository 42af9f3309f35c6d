from pathlib import Path

import pytest

from nixtui.config.paths import NoHome, cache_dir, config_dir, local_path, state_dir

AT_HOME = {"HOME": "/home/ada"}


def test_without_xdg_variables_everything_is_below_home() -> None:
    assert config_dir(AT_HOME) == Path("/home/ada/.config/nixtui")
    assert state_dir(AT_HOME) == Path("/home/ada/.local/state/nixtui")
    assert cache_dir(AT_HOME) == Path("/home/ada/.cache/nixtui")


def test_xdg_variables_win_and_need_no_home() -> None:
    assert config_dir({"XDG_CONFIG_HOME": "/c"}) == Path("/c/nixtui")
    assert state_dir({"XDG_STATE_HOME": "/s"}) == Path("/s/nixtui")
    assert cache_dir({"XDG_CACHE_HOME": "/k"}) == Path("/k/nixtui")


@pytest.mark.parametrize("ignored", ["", "relative/path", "."])
def test_a_relative_xdg_variable_is_ignored_as_the_specification_wants(ignored: str) -> None:
    assert config_dir({**AT_HOME, "XDG_CONFIG_HOME": ignored}) == Path("/home/ada/.config/nixtui")


@pytest.mark.parametrize("environ", [{}, {"HOME": ""}, {"HOME": "ada"}])
def test_without_a_home_the_error_says_what_to_set(environ: dict[str, str]) -> None:
    with pytest.raises(NoHome, match="set HOME or XDG_STATE_HOME"):
        state_dir(environ)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("~/.ssh/config", "/home/ada/.ssh/config"),
        ("~", "/home/ada"),
        ("keys/known_hosts", "/srv/fleet/keys/known_hosts"),
        ("/etc/ssh/known_hosts", "/etc/ssh/known_hosts"),
        ("~root/x", "/srv/fleet/~root/x"),
    ],
)
def test_paths_in_a_configuration(text: str, meant: str) -> None:
    assert local_path(text, base=Path("/srv/fleet"), environ=AT_HOME) == Path(meant)


def test_an_absolute_path_needs_no_home() -> None:
    assert local_path("/etc/hosts", base=Path("/"), environ={}) == Path("/etc/hosts")
    with pytest.raises(NoHome):
        local_path("~/.ssh/config", base=Path("/"), environ={})
