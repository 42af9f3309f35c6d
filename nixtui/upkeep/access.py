"""Units that our own way into a host depends on."""

from fnmatch import fnmatchcase
from typing import Final

_WHY: Final = {
    "the SSH login comes through it": ("sshd*", "ssh.*", "ssh@*"),
    "the network depends on it": (
        "systemd-networkd*", "network*", "networking*", "NetworkManager*", "dhcpcd*", "dhclient*", "wpa_supplicant*",
        "iwd*", "wg-quick*", "wireguard*", "tailscaled*", "zerotier*", "nebula@*", "openvpn*", "strongswan*",
    ),
    "it decides what gets through to the host": ("firewall*", "nftables*", "iptables*"),
    "logins and systemd itself talk over it": ("dbus*", "systemd-logind*"),
    "AWS Session Manager comes through it": ("amazon-ssm-agent*",),
    "much of the host hangs on it": ("*.target", "-.mount", "nix*.mount", "run*.mount", "boot.mount"),
}  # fmt: skip


def why_access_depends(unit: str) -> str | None:
    """Why doing something to a unit may lock us out, as a clause; `None` for a unit that nobody comes in by."""
    return next((why for why, names in _WHY.items() if any(fnmatchcase(unit, name) for name in names)), None)
