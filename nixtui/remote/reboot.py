"""Why a reboot is needed, in words."""

_PARTS = {"kernel-modules": "kernel modules"}


def reboot_reason(differing: str, running: str, current: str) -> str | None:
    """What differs between the booted system and another one; `None` when nothing does.

    `differing` is the scripts' word for it (`nothing`, or `kernel,initrd,kernel-modules,systemd`), `running` and
    `current` are the kernel versions, `-` where unknown.
    """
    if differing == "nothing":
        return None
    parts = differing.split(",")
    if "kernel" in parts:
        # Another kernel always brings another initrd and other modules.
        parts = [part for part in parts if part not in ("kernel", "initrd", "kernel-modules")]
        versions_differ = running != current and "-" not in (running, current)
        parts.insert(0, f"kernel {running} → {current}" if versions_differ else "another kernel")
    return ", ".join(_PARTS.get(part, part) for part in parts)
