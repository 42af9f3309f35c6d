"""What the consoles of the demo's instances say: a boot of NixOS, and of an impaired one why it went no further."""

from datetime import UTC, datetime
from typing import Final

_STAGES: Final = (
    "<<< NixOS Stage 1 >>>", "", "loading module dm_mod...", "running udev...",
    "Starting systemd-udevd version 258.2", "starting device mapper and LVM...",
    "checking /dev/disk/by-label/nixos...",
    "fsck (busybox 1.36.1)", "nixos: clean, 412087/2621440 files, 3120466/5242107 blocks",
    "mounting /dev/disk/by-label/nixos on /...", "", "<<< NixOS Stage 2 >>>", "",
    "running activation script...", "setting up /etc...", "starting systemd...", "",
    "Welcome to NixOS 26.05 (Yarara)!", "",
)  # fmt: skip

_UNITS: Final = (
    "Created slice Slice /system/getty", "Reached target Local File Systems", "Started Journal Service",
    "Finished Load Kernel Modules", "Finished Apply Kernel Variables", "Reached target System Initialization",
    "Listening on D-Bus System Message Bus Socket", "Started Name Service Cache Daemon (nsncd)",
    "Started Network Time Synchronization", "Finished Fetch EC2 metadata", "Reached target Network is Online",
    "Started amazon-ssm-agent", "Started SSH Daemon", "Reached target Multi-User System",
)  # fmt: skip

_BEGIN: Final = "-----BEGIN SSH HOST KEY FINGERPRINTS-----"
_END: Final = "-----END SSH HOST KEY FINGERPRINTS-----"

_STUCK: Final = (
    "[\x1b[0;1;31m FAILED \x1b[0m] Failed to mount /var/lib/data.",
    "See 'systemctl status var-lib-data.mount' for details.",
    "[\x1b[0;1;38;5;185mDEPEND\x1b[0m] Dependency failed for Local File Systems.",
    'You are in emergency mode. After logging in, type "journalctl -xb" to view system logs.',
    "Cannot open access to console, the root account is locked.",
    "See sulogin(8) man page for more details.",
    "Press Enter to continue.",
)


def console(name: str, host_key: str | None = None, *, impaired: bool) -> str:
    """As the serial port had it: colours, carriage returns and all. `host_key` is a fingerprint (`SHA256:…`)."""
    kernel = [
        "\x1b[2J\x1b[1;1HBooting `NixOS'",
        "[    0.000000] Linux version 6.18.9 (nixbld@localhost) #1-NixOS SMP PREEMPT_DYNAMIC",
        "[    0.000000] Command line: init=/nix/var/nix/profiles/system/init console=ttyS0,115200n8 loglevel=4",
        "[    0.000000] DMI: Amazon EC2, BIOS 1.0 10/16/2017",
        "[    1.204511] nvme nvme0: pci function 0000:00:04.0",
        "[    1.387204] ena 0000:00:05.0: Elastic Network Adapter (ENA) found at mem",
    ]
    units = [f"[\x1b[0;32m  OK  \x1b[0m] {each}." for each in (_UNITS[:3] if impaired else _UNITS)]
    keys = (_BEGIN, f"256 {host_key} root@{name} (ED25519)", _END) if host_key else ()
    rest = (
        _STUCK
        if impaired
        else (*keys, "", "", "<<< Welcome to NixOS 26.05 (Yarara) - ttyS0 >>>", "", f"{name} login: ")
    )
    return "\r\n".join((*kernel, *_STAGES, *units, *rest))


def taken_at(now: float) -> str:
    """When EC2 has it from."""
    return datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
