"""Where a demo puts its files."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from nixtui.demo.directory import demo_directory


@pytest.fixture
def noexec(tmp_path: Path) -> Iterator[Path]:
    """A file system that programs may not be started from."""
    folder = tmp_path / "noexec"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "noexec", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("nothing can be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, str]:
    """The places that an environment names."""
    names = {"XDG_RUNTIME_DIR": "runtime", "TMPDIR": "temporary"}
    for name in names.values():
        (tmp_path / name).mkdir()
    return {variable: str(tmp_path / name) for variable, name in names.items()}


def test_it_is_the_users_own_and_gone_afterwards(folders: dict[str, str]) -> None:
    with demo_directory(folders) as directory:
        assert str(directory.parent) == folders["XDG_RUNTIME_DIR"]
        assert directory.stat().st_mode & 0o777 == 0o700
    assert not directory.exists()


def test_a_place_that_is_not_there_is_passed_over(folders: dict[str, str]) -> None:
    with demo_directory({**folders, "XDG_RUNTIME_DIR": "/nowhere"}) as directory:
        assert str(directory.parent) == folders["TMPDIR"]


def test_a_place_that_starts_no_programs_is_passed_over(folders: dict[str, str], noexec: Path) -> None:
    with demo_directory({**folders, "XDG_RUNTIME_DIR": str(noexec)}) as directory:
        assert str(directory.parent) == folders["TMPDIR"]


def test_links_in_its_path_are_resolved(folders: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(folders["TMPDIR"])
    with demo_directory({"XDG_RUNTIME_DIR": str(tmp_path / "link")}) as directory:
        assert str(directory.parent) == folders["TMPDIR"]


def test_another_demo_that_lives_is_left_alone(folders: dict[str, str]) -> None:
    with demo_directory(folders) as first, demo_directory(folders) as second:
        assert first != second
        assert first.exists()


def test_one_that_was_killed_is_removed(folders: dict[str, str]) -> None:
    left = Path(folders["XDG_RUNTIME_DIR"]) / "nixtui-demo-left"
    (left / "hosts/web-1").mkdir(parents=True)
    (left / "alive").touch()
    with demo_directory(folders):
        assert not left.exists()
