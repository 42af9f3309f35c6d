"""What switching a host to a system would do: NixOS's dry-activate, and what it leaves unsaid."""

import re
from collections.abc import Iterable
from typing import Any, Final

from nixtui.model.preview import Preview
from nixtui.model.store_path import require_store_path, short_name
from nixtui.remote.errors import BadAnswer, PathGone
from nixtui.remote.reboot import reboot_reason
from nixtui.remote.transport import Completed, Transport, load_script

TIMEOUT_S: Final = 120.0
"""dry-activate takes about a second; the script itself gives it 110 s, so that nothing stays behind on the host."""

_MARK: Final = "#nixtui-preview"
_NOT_THERE: Final = 66

# switch-to-configuration-ng, src/main.rs; the Perl one before it said the same.
_UNITS = re.compile(
    r"would (NOT stop the following changed|(?:stop|start|restart|reload) the following) units: (.+)", re.ASCII
)
_FIELDS: Final = {
    "stop the following": "stopped",
    "start the following": "started",
    "restart the following": "restarted",
    "reload the following": "reloaded",
    "NOT stop the following changed": "not_stopped",
}
_ALWAYS_SAID: Final = ("would activate the configuration...",)


async def preview(transport: Transport, path: str, timeout: float = TIMEOUT_S) -> Preview:  # noqa: ASYNC109
    """Ask a host, as root, what switching to `path` would do. Changes nothing.

    `timeout` is in seconds; what the operator takes to type a password does not count. Raises `NoAnswer` after it,
    `PathGone`, `ElevationFailed`, another `RemoteError`, or `NotAStorePath`. A dry-activate that fails raises
    nothing: its exit code is in the preview.
    """
    script = load_script("preview", "facts", "links", "inhibitors")
    completed = await transport.run(script, require_store_path(path), elevated=True, timeout=timeout)
    return parse_preview(transport.host.name, path, completed)


def parse_preview(host: str, path: str, completed: Completed) -> Preview:
    """The answer of `scripts/preview.sh`. Raises `PathGone`, or `BadAnswer` when it is not all of an answer."""
    if completed.exit_status == _NOT_THERE:
        raise PathGone(host, f"{short_name(path)} is no system in its store", "choose another generation")
    lines = completed.stdout.split("\n")
    try:
        begin, dry_activate = lines.index(f"{_MARK} begin"), lines.index(f"{_MARK} dry-activate")
        end = next(at for at, line in enumerate(lines) if line.startswith(f"{_MARK} end "))
        found: dict[str, Any] = {"exit_code": int(lines[end].split()[2])}
        found |= _unsaid(lines[begin + 1 : dry_activate])
    except (ValueError, StopIteration):
        said = completed.stderr.strip().splitlines()
        why = f": {said[-1][:200]}" if said else f" (exit status {completed.exit_status})"
        raise BadAnswer(host, f"could not tell what {short_name(path)} would change{why}") from None
    return Preview(path=path, **found, **_said(lines[dry_activate + 1 : end]))


def _unsaid(lines: Iterable[str]) -> dict[str, Any]:
    found: dict[str, Any] = {"inhibitors": ()}
    for line in lines:
        key, _, value = line.partition(" ")
        match key:
            case "reboot_for":
                differing, running, current = value.split(" ")
                reason = reboot_reason(differing, running, current)
                found |= {"reboot_needed": reason is not None, "reboot_reason": reason}
            case "inhibitor":
                found["inhibitors"] += (value,)
    return found


def _said(lines: Iterable[str]) -> dict[str, Any]:
    units: dict[str, tuple[str, ...]] = {}
    said: list[str] = []
    restarts_systemd = False
    for line in lines:
        match = _UNITS.fullmatch(line.strip())
        if match is not None:
            units[_FIELDS[match[1]]] = tuple(unit for unit in match[2].split(", ") if unit)
        elif line.strip() == "would restart systemd":
            restarts_systemd = True
        elif line.strip() and line.strip() not in _ALWAYS_SAID:
            said.append(line.rstrip())
    return {**units, "restarts_systemd": restarts_systemd, "said": tuple(said)}
