"""The lab as a fleet, as the command's tests have it."""

from tests.cli.conftest import lab_shell, shell

__all__ = ["lab_shell", "shell"]
