"""What switch-to-configuration's exit codes mean (nixpkgs: pkgs/by-name/sw/switch-to-configuration-ng/src/main.rs)."""

LOCKED = 11
UNITS_FAILED = 4
OK = 0

_MEANINGS = {
    OK: "the activation succeeded",
    1: "the activation failed before or while switching (a pre-switch check, the boot loader or systemd)",
    2: "the activation script failed",
    UNITS_FAILED: "the system is active but units failed",
    LOCKED: "another activation held NixOS's lock",
    100: "the new system needs a reboot: its init differs from the running one",
    101: "switch-to-configuration itself crashed",
}


def meaning(code: int) -> str:
    """One clause that says what an exit code means, with the code."""
    known = _MEANINGS.get(code)
    if known is None and code > 128:
        known = f"the activation was killed by signal {code - 128}"
    return f"{known or 'the activation failed'} (exit {code})"
