"""Programs with which a host of the lab fetches its own system, as far as one sees of the real ones from outside."""

from tests.lab.host import Host

_NOTE = "printf '%s\\n' \"${0##*/} $* $HOME\" >>/var/tmp/pulled\n"

# nixos-rebuild-ng: set the profile (switch and boot), then switch-to-configuration in a unit of its own.
_NIXOS_REBUILD = f"""#!/bin/sh
set -eu
{_NOTE}next=$(cat /var/tmp/next)
case $1 in switch | boot) nix-env -p /nix/var/nix/profiles/system --set "$next" ;; esac
exec systemd-run --collect --no-ask-password --pipe --quiet --wait --service-type=exec \\
    --unit=nixos-rebuild-switch-to-configuration "$next/bin/switch-to-configuration" "$1"
"""

# fh: nix build --profile, then the script, whose exit status it does not look at.
_FH = f"""#!/bin/sh
set -eu
{_NOTE}next=$(cat /var/tmp/next)
nix-env -p /nix/var/nix/profiles/system --set "$next"
"$next/bin/switch-to-configuration" "$4" || :
"""


def make_pullable(host: Host) -> None:
    """Give the host the programs."""
    for name, text in (
        ("nixos-rebuild", _NIXOS_REBUILD),
        ("fh", _FH),
        ("determinate-nixd", f"#!/bin/sh\n{_NOTE}"),
    ):
        host.write(f"/usr/local/bin/{name}", text)
        host.sh(f"chmod 755 /usr/local/bin/{name}")


def offer(host: Host, system: str) -> None:
    """What the host will find when it fetches."""
    host.sh(f"echo {system} >/var/tmp/next")
