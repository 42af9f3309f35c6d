"""What the app may ask when nobody has told it of a fleet yet."""

from pathlib import Path
from typing import Protocol

from nixtui.config.looking_around import Found


class FirstRun(Protocol):
    """What was found on this machine, and what can be made of it. Nothing here reaches a host unless asked to."""

    @property
    def found(self) -> Found:
        """What is there."""
        ...

    @property
    def path(self) -> Path:
        """Where the proposed file would be."""
        ...

    @property
    def proposal(self) -> str:
        """Its text."""
        ...

    def write(self) -> None:
        """Write the file, which must not be there yet, and watch its fleet. Raises `OSError`."""
        ...

    def watch_ssh_hosts(self) -> None:
        """Watch the hosts of ssh_config for this session, read-only."""
        ...
