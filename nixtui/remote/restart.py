"""What a host runs, would boot and fails now, and restarting it: the language of `scripts/reboot.sh`."""

from functools import cache

import msgspec

from nixtui.remote.errors import BadAnswer
from nixtui.remote.transport import Completed, Script, Transport, load_script


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """One look. Systems are store paths, `None` where they cannot be read; `lock` is `OPERATION OPERATOR`.

    `state` is systemd's word for the whole (`running`, `degraded`, `starting`).
    """

    boot_id: str | None
    current: str | None
    profile: str | None
    boot_default: str | None
    lock: str | None
    state: str | None
    failed: tuple[str, ...]

    @property
    def is_starting(self) -> bool:
        """The boot has not come to its end yet."""
        return self.state in ("initializing", "starting")

    @property
    def boots(self) -> str | None:
        """What will run after a reboot; where the boot loader's files cannot be read, what the profile says."""
        return self.boot_default or self.profile


@cache
def _script() -> Script:
    return load_script("reboot", "links", "boot", "guard/ground")


async def look(transport: Transport, *, elevated: bool = False) -> Look:
    """How the host is now. As root also where `/boot` is for root alone."""
    completed = await transport.run(_script(), "look", elevated=elevated)
    values: dict[str, str] = {}
    failed = []
    for line in completed.stdout.splitlines():
        word, _, value = line.partition(" ")
        if word == "failed":
            failed.append(value)
        else:
            values[word] = value
    if "looked" not in values:
        raise _bad(transport, completed)
    return Look(
        boot_id=values.get("boot_id") or None,
        current=values.get("current") or None,
        profile=values.get("profile") or None,
        boot_default=values.get("boot_default") or None,
        lock=values.get("lock") or None,
        state=values.get("state") or None,
        failed=tuple(failed),
    )


async def restart(transport: Transport, seen: Look) -> str | None:
    """Reboot in a second, if the host still is as it was `seen`. Why it does not; `None` when it does."""
    completed = await transport.run(_script(), "go", seen.boot_id or "", seen.boot_default or "", elevated=True)
    for line in completed.stdout.splitlines():
        word, _, detail = line.partition(" ")
        if word == "going":
            return None
        if word == "refused":
            kind, _, why = detail.partition(" ")
            return f"locked by {locked_by(why)}" if kind == "locked" else why
    raise _bad(transport, completed)


def locked_by(lock: str) -> str:
    """`OPERATION OPERATOR` in words."""
    operation, _, operator = lock.partition(" ")
    return f"{operator or 'somebody'} with operation {operation}"


def _bad(transport: Transport, completed: Completed) -> BadAnswer:
    said = (completed.stderr.strip() or completed.stdout.strip()).splitlines()
    return BadAnswer(
        transport.host.name,
        f"no answer about rebooting (exit {completed.exit_status}): {said[-1] if said else 'nothing was printed'}",
    )
