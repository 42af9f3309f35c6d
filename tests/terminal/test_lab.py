"""The real program in a real terminal on real hosts."""

from pathlib import Path

import pytest

from tests.activation.conftest import truth
from tests.cli.conftest import Shell
from tests.lab.host import Host
from tests.terminal.steps import filter_by, leave, take_back
from tests.terminal.terminal import terminal

pytestmark = pytest.mark.lab


def test_a_real_host_is_taken_back_by_keys_alone(lab_shell: Shell, host: Host, tmp_path: Path) -> None:
    *_, previous, newest = host.generations
    with terminal(tmp_path, size=(120, 40)) as screen:
        screen.write(f"nixtui --config {lab_shell.directory}/nixtui.toml")
        screen.send("Enter")
        screen.until(lambda _: "● up" in screen.line_with(host.name), "the host")
        filter_by(screen, "!gone", hidden="✖ unreachable")
        take_back(
            screen, host.name, str(newest.number), str(previous.number), shows=(), typed=False, proof="⇅ other revision"
        )
        assert f"Roll back {host.name}: {newest.number} → {previous.number}  committed" in leave(screen)
    assert truth(host).current == previous.path
