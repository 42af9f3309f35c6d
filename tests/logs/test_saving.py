"""Lines into files: named clearly, never over another one, readable by nobody else."""

from pathlib import Path

import pytest

from nixtui.logs.saving import save_lines
from tests.logs.lines import lines


def test_a_file_says_when_and_of_what_and_is_never_written_over(tmp_path: Path) -> None:
    first = save_lines(lines(1, 2), ("web-1",), 1_795_230_761, [tmp_path])
    second = save_lines(lines(3), ("web-1",), 1_795_230_761, [tmp_path])
    assert first.name == "nixtui-logs-20261121T031241Z-web-1.log"
    assert second.name == "nixtui-logs-20261121T031241Z-web-1-2.log"
    assert first.read_text().count("\n") == 2
    assert "line 3" in second.read_text()
    assert first.stat().st_mode & 0o777 == 0o600


def test_where_it_cannot_be_the_next_folder_has_it(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    saved = save_lines(lines(1), ("a", "b"), 0, [blocked, tmp_path / "state/logs"])
    assert saved.parent == tmp_path / "state/logs"
    assert saved.name.endswith("-2-hosts.log")
    with pytest.raises(FileExistsError):
        save_lines(lines(1), ("a",), 0, [blocked])


@pytest.mark.parametrize("name", ["../../etc/x", "a/b", "\x1b[2J"])
def test_a_name_cannot_lead_elsewhere(tmp_path: Path, name: str) -> None:
    assert save_lines(lines(1), (name,), 0, [tmp_path]).parent == tmp_path
