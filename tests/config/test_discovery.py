from pathlib import Path

import pytest

from nixtui.config.discovery import candidates, find_configuration, shown_path


@pytest.fixture
def deep(tmp_path: Path) -> Path:
    directory = tmp_path / "fleet" / "hosts" / "web"
    directory.mkdir(parents=True)
    return directory


def test_the_nearest_file_above_wins(deep: Path, tmp_path: Path) -> None:
    for directory in (tmp_path, tmp_path / "fleet"):
        (directory / "nixtui.toml").touch()
    assert find_configuration(deep, {}) == tmp_path / "fleet" / "nixtui.toml"


def test_a_file_beside_us_wins_over_the_one_at_home(deep: Path, tmp_path: Path) -> None:
    at_home = tmp_path / "config" / "nixtui" / "nixtui.toml"
    at_home.parent.mkdir(parents=True)
    at_home.touch()
    environ = {"XDG_CONFIG_HOME": str(tmp_path / "config")}
    assert find_configuration(deep, environ) == at_home
    (deep / "nixtui.toml").touch()
    assert find_configuration(deep, environ) == deep / "nixtui.toml"


def test_no_file_anywhere_is_no_error(deep: Path) -> None:
    assert find_configuration(deep, {}) is None


@pytest.mark.parametrize("make", [Path.mkdir, lambda path: path.symlink_to("nowhere")], ids=["directory", "dangling"])
def test_what_is_there_but_cannot_be_read_is_found_so_that_it_is_told(deep: Path, make: object) -> None:
    assert callable(make)
    make(deep / "nixtui.toml")
    assert find_configuration(deep, {}) == deep / "nixtui.toml"


def test_candidates_are_told_in_the_order_of_the_search() -> None:
    assert [str(path) for path in candidates(Path("/srv/fleet"), {"HOME": "/home/ada"})] == [
        "/srv/fleet/nixtui.toml",
        "/srv/nixtui.toml",
        "/nixtui.toml",
        "/home/ada/.config/nixtui/nixtui.toml",
    ]


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/srv/fleet/nixtui.toml", "nixtui.toml"),
        ("/srv/nixtui.toml", "../nixtui.toml"),
        ("/home/ada/.config/nixtui/nixtui.toml", "/home/ada/.config/nixtui/nixtui.toml"),
    ],
)
def test_messages_name_the_file_as_short_as_is_clear(path: str, shown: str) -> None:
    assert shown_path(Path(path), Path("/srv/fleet")) == shown
