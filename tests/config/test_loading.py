"""From a file on disk, in whatever state it is, to a `Configuration` or to everything that is wrong with it."""

import ctypes
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from nixtui.config import BadConfiguration, check_configuration, load_configuration
from nixtui.model.environment import Confirmation, Environment


def refusal(cwd: Path, file: Path | None = None) -> str:
    with pytest.raises(BadConfiguration) as caught:
        load_configuration(cwd, {}, file)
    return str(caught.value)


def test_the_file_above_is_found_and_paths_start_where_it_is(tmp_path: Path) -> None:
    (tmp_path / "nixtui.toml").write_text("[fleet]\nname = 'shop'")
    below = tmp_path / "hosts"
    below.mkdir()
    configuration = load_configuration(below, {})
    assert configuration.path == tmp_path / "nixtui.toml"
    assert configuration.directory == tmp_path
    assert configuration.fleet.name == "shop"


def test_without_a_file_everything_is_at_its_default(tmp_path: Path) -> None:
    configuration = load_configuration(tmp_path, {})
    assert configuration.path is None
    assert configuration.directory == tmp_path
    assert configuration.hosts == {}
    assert configuration.warnings == ()


@pytest.mark.parametrize("content", ["", "\n\n", "# nothing yet", "\ufeff"])
def test_an_empty_file_is_fine(tmp_path: Path, content: str) -> None:
    (tmp_path / "nixtui.toml").write_text(content)
    assert load_configuration(tmp_path, {}).rollout.canary == 1


def test_a_file_that_was_named_wins_and_must_exist(tmp_path: Path) -> None:
    (tmp_path / "nixtui.toml").write_text("[fleet]\nname = 'found'")
    (tmp_path / "other.toml").write_text("[fleet]\nname = 'named'")
    assert load_configuration(tmp_path, {}, Path("other.toml")).fleet.name == "named"
    assert refusal(tmp_path, Path("missing.toml")) == "missing.toml: cannot be read: No such file or directory"


def test_dev_null_is_a_way_to_have_no_configuration(tmp_path: Path) -> None:
    (tmp_path / "nixtui.toml").write_text("broken")
    assert load_configuration(tmp_path, {}, Path("/dev/null")).hosts == {}


def test_environments_become_policies_in_the_order_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "nixtui.toml").write_text(
        "[environments.prod]\nmatch = 'tag:env=prod'\nconfirm = 'type'\nallow_yes = false\n"
        "[environments.lab]\nmatch = 'lab-*'\nread_only = true\ncolour = 'blue'\nask_reason = true\n"
    )
    assert load_configuration(tmp_path, {}).environments == (
        Environment(name="prod", match="tag:env=prod", confirm=Confirmation.TYPE, allow_yes=False),
        Environment(name="lab", match="lab-*", read_only=True, ask_reason=True, colour="blue"),
    )


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("[fleet\nname = 1", "nixtui.toml:1: is not TOML: "),
        ("[fleet]\n\nname = ", "nixtui.toml:3: is not TOML: "),
        ("[fleet]\nname = 'a'\nname = 'b'\n", "nixtui.toml:3: is not TOML: "),
        ("[fleet]\r\nname = 'a'\r\nname\r\n", "nixtui.toml:3: is not TOML: "),
        ("a = [1,\n2,\n", "nixtui.toml:2: is not TOML: "),
        ("a = " + "[" * 100_000, "nixtui.toml: is nested too deeply to be read"),
        ("a = " + "9" * 10_000, "nixtui.toml: is not TOML: "),
        ("a = 1\n\x00", "nixtui.toml:2: is not TOML"),
    ],
)
def test_what_is_not_toml_is_told_with_its_line(tmp_path: Path, content: str, told: str) -> None:
    (tmp_path / "nixtui.toml").write_text(content, newline="")
    assert refusal(tmp_path).startswith(told)


def test_windows_line_ends_do_not_shift_the_lines(tmp_path: Path) -> None:
    (tmp_path / "nixtui.toml").write_bytes(b"[fleet]\r\n\r\nnmae = 'x'\r\n")
    assert refusal(tmp_path) == 'nixtui.toml:3: fleet.nmae: unknown key, did you mean "name"?'


def test_what_is_not_utf8_is_told_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "nixtui.toml").write_bytes("[fleet]\nname = 'größe'".encode("latin-1"))
    assert refusal(tmp_path) == "nixtui.toml:2: is not UTF-8, save it in that encoding"


def test_a_directory_is_told(tmp_path: Path) -> None:
    (tmp_path / "nixtui.toml").mkdir()
    assert refusal(tmp_path) == "nixtui.toml: is a directory"


def test_a_pipe_that_nobody_writes_to_does_not_hang_us(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "nixtui.toml")
    assert refusal(tmp_path) == "nixtui.toml: is not a regular file"


def test_a_dangling_link_is_told(tmp_path: Path) -> None:
    (tmp_path / "nixtui.toml").symlink_to("nowhere")
    assert refusal(tmp_path) == "nixtui.toml: cannot be read: No such file or directory"


@pytest.fixture
def not_root() -> Iterator[None]:
    """Root reads everything; where the tests run as root, somebody else has to look.

    In this thread only, unlike `os.seteuid`: others may be resetting the lab's hosts at the same time.
    """
    setfsuid = ctypes.CDLL(None).setfsuid
    setfsuid(os.geteuid() or 65534)
    yield
    setfsuid(os.geteuid())


@pytest.fixture
def closed(tmp_path: Path) -> Path:
    path = tmp_path / "closed.toml"
    path.touch(mode=0o000)
    return path


def test_a_file_without_permission_is_told(tmp_path: Path, closed: Path, not_root: None) -> None:
    assert refusal(tmp_path, closed) == f"{closed}: cannot be read: Permission denied"


def test_a_file_that_is_far_too_large_is_not_read_to_its_end(tmp_path: Path) -> None:
    with (tmp_path / "nixtui.toml").open("wb") as stream:
        stream.truncate(10**11)
    assert refusal(tmp_path) == "nixtui.toml: is larger than 4 MiB"


def test_a_file_above_is_named_by_its_way_from_here(tmp_path: Path) -> None:
    (tmp_path / "nixtui.toml").write_text("x = 1")
    below = tmp_path / "a"
    below.mkdir()
    assert refusal(below).startswith("../nixtui.toml:1: x: unknown key")


def test_a_file_name_cannot_paint_the_terminal(tmp_path: Path) -> None:
    assert refusal(tmp_path, Path("\x1b[2J\udcff.toml")).isprintable()


def test_check_tells_problems_and_warnings_alike(tmp_path: Path) -> None:
    file = tmp_path / "nixtui.toml"
    file.write_text("[hosts.'a b']")
    assert [problem.warning for problem in check_configuration(tmp_path, {})] == [True]
    file.write_text("[hosts.'a b']\nprot = 3")
    assert [problem.warning for problem in check_configuration(tmp_path, {})] == [True, False]
    file.write_text("")
    assert check_configuration(tmp_path, {}) == ()
