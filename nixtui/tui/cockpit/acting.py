"""What the app may ask for to act on hosts: commands, reboots, locks, a shell, and leaving while something runs."""

from collections.abc import Sequence
from typing import Protocol

from nixtui.operations.plan import Plan


class Acting(Protocol):
    """One property of the facade (`Cockpit.acting`)."""

    def plan_run(self, names: Sequence[str], text: str) -> Plan:
        """The plan to run a line on these hosts by `sh -c`; `sudo …` asks for root."""
        ...

    async def plan_reboot(self, names: Sequence[str]) -> Plan:
        """The plan to reboot these hosts in waves; asks each what it would boot."""
        ...

    def plan_break_lock(self, names: Sequence[str]) -> Plan:
        """The plan to end whatever operation holds the lock of these hosts."""
        ...

    async def shell_words(self, name: str) -> Sequence[str]:
        """The `ssh` command line for a host. Raises what people read, also when there is no `ssh`."""
        ...

    async def shell(self, words: Sequence[str]) -> int:
        """Run it on the terminal, which the app has stepped aside from; its exit status."""
        ...

    def go_by_agent(self, name: str) -> str:
        """Reach an instance by its SSM agent from now on, or by SSH again. A sentence that says which, or why not."""
        ...

    def detach(self) -> None:
        """Let go of every running operation: what they leave behind is for the hosts, and the next nixtui to tell."""
        ...
