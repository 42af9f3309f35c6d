"""Who only speaks of transports and their errors need not load an SSH library: it takes 0.2 s."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    "module", ["transport", "errors", "settings", "prompter", "output", "ssh_config", "known_hosts"]
)
def test_asyncssh_is_not_loaded(module: str) -> None:
    program = f"import sys, nixtui.remote.{module}; sys.exit('asyncssh' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True)
