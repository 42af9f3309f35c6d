"""What deploy-rs makes of a system: a store path with links to everything in it and programs of its own beside them."""

from pathlib import Path

from nixtui.model.store_path import is_store_path


def toplevel_of(path: str) -> str:
    """The system that runs once `path` (of the local store) does: the one inside, where it wraps one, else itself."""
    try:
        inside = str((Path(path) / "nixos-version").resolve(strict=True).parent)
    except (OSError, RuntimeError):
        return path  # none at all: the host refuses it, and says so
    return inside if is_store_path(inside) else path
