"""The directory that is a demo host: its store, its profile, its boot loader's files, and what a kernel would show."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from nixtui.demo.history import Commit
from nixtui.demo.system import Part, System

PROFILE: Final = "/nix/var/nix/profiles/system"
_CLOSURES: Final = "/nix/var/nix/db/closures"
_SIZES: Final = "/nix/var/nix/db/sizes"
_BROKEN: Final = "/nix/var/nix/db/broken"

_FOLDERS: Final = (
    "boot/EFI/nixos",
    "boot/loader/entries",
    "nix/store",
    "nix/var/nix/db/closures",
    "nix/var/nix/gcroots",
    "nix/var/nix/profiles",
    "proc/sys/kernel/random",
    "run/nixos",
    "run/systemd/system",
    "var/log",
)


@dataclass(frozen=True, slots=True)
class Installed:
    """A generation of the system profile, made from a commit at a time (Unix seconds)."""

    number: int
    commit: Commit
    system: System
    made_at: float


@dataclass(frozen=True, slots=True)
class Root:
    """`NIXTUI_ROOT`. Paths given and returned are the host's own, without the prefix; links on disk have it.

    `directory` is free of symbolic links; `programs` is a folder `bin` with the stand-ins.
    """

    directory: Path
    programs: Path
    _store: set[str] = field(default_factory=set)

    def at(self, path: str) -> Path:
        """Where a path of the host is here."""
        return self.directory / path.lstrip("/")

    def has(self, path: str) -> bool:
        """Whether there is something at a path, be it a link that leads nowhere."""
        return os.path.lexists(self.at(path))

    def make(self) -> None:
        """The folders every host has."""
        for folder in _FOLDERS:
            (self.directory / folder).mkdir(parents=True)

    def write(self, path: str, text: str) -> None:
        """A file, in one step: somebody may be reading it."""
        file = self.at(path)
        new = file.with_name(f".{file.name}.new")
        new.write_text(text, encoding="utf-8")
        new.replace(file)

    def link(self, path: str, target: str, at: float | None = None) -> None:
        """A symbolic link, in one step, made `at` a time (Unix seconds)."""
        file = self.at(path)
        new = file.with_name(f".{file.name}.new")
        new.symlink_to(self.at(target) if target.startswith("/") else target)
        if at is not None:
            os.utime(new, (at, at), follow_symlinks=False)
        new.replace(file)

    def resolved(self, path: str) -> str | None:
        """Where a link leads in the end; `None` when that is nothing."""
        found = Path(os.path.realpath(self.at(path)))
        return f"/{found.relative_to(self.directory)}" if found.exists() else None

    def install(self, system: System) -> None:
        """A system and all that it needs, as Nix would have copied it here."""
        top = self.at(system.path)
        if system.path in self._store:
            return
        self._install_parts(system)
        for folder in (top / "etc/systemd/system", *(top / "specialisation" / name for name in system.specialisations)):
            folder.mkdir(parents=True)
        for name, target in system.links.items():
            (top / name).symlink_to(self.at(target))
        for unit in system.units:
            (top / "etc/systemd/system" / unit.name).symlink_to(self.at(unit.path))
        (top / "bin").symlink_to(self.programs)
        (top / "sw").symlink_to(self.programs.parent)
        (top / "nixos-version").write_text(system.nixos_version)
        (top / "init-interface-version").write_text("systemd 2")
        (top / "etc/units").write_text("".join(f"{unit.line()}\n" for unit in system.units))
        if system.fails_to_activate:
            (top / "activation-fails").touch()
        if system.revision is not None:
            (top / "configuration-revision").write_text(system.revision)
        self.at(f"{_CLOSURES}/{top.name}").write_text("".join(f"{path}\n" for path in system.closure))
        with self.at(_SIZES).open("a") as sizes:
            sizes.writelines(f"{path} {kib * 1024}\n" for path, kib in system.closure.items())

    def litter(self, paths: Mapping[str, int], *, broken: int = 0) -> None:
        """Paths that nothing needs, with their sizes in KiB; so many paths of the store are not what they should be."""
        empty = self.at("/nix/store/.links")
        empty.touch()
        for path in paths:
            os.link(empty, self.at(path))
        with self.at(_SIZES).open("a") as sizes:
            sizes.writelines(f"{path} {kib * 1024}\n" for path, kib in paths.items())
        self.at(_BROKEN).write_text("".join(f"{path}\n" for path in list(paths)[:broken]))

    def _install_parts(self, system: System) -> None:
        """What a toplevel's links lead to is there; of all other packages there is only the name.

        The names are hard links to one empty file: on a disk that is busy a folder costs half a millisecond.
        """
        for part in system.parts:
            self._install_part(part)
        for unit in system.units:
            if unit.path not in self._store:
                self._store.add(unit.path)
                self.at(unit.path).write_text(unit.text)
        empty = self.at("/nix/store/.links")
        empty.touch()
        for path in system.closure.keys() - self._store - {system.path}:
            os.link(empty, self.at(path))
        self._store.update(system.closure)

    def _install_part(self, part: Part) -> None:
        if part.path in self._store:
            return
        self._store.add(part.path)
        inside = self.at(part.path) / part.inside
        if part.size is None:
            inside.mkdir(parents=True)
        else:
            inside.parent.mkdir(parents=True)
            with inside.open("wb") as file:
                file.truncate(part.size)

    def set_generations(self, generations: Sequence[Installed]) -> None:
        """The generations of the system profile; it points to the last of them, and that one boots next."""
        for each in generations:
            self.link(f"{PROFILE}-{each.number}-link", each.system.path, each.made_at)
            self._boot_entry(each)
        last = generations[-1]
        self.link(PROFILE, f"system-{last.number}-link", last.made_at)
        self.write("/boot/loader/loader.conf", f"timeout 5\ndefault nixos-generation-{last.number}.conf\n")

    def _boot_entry(self, each: Installed) -> None:
        """What systemd-boot shows of a generation, and the files it would load."""
        system = each.system
        for part in ("kernel", "initrd"):
            package, _, name = system.links[part].removeprefix("/nix/store/").partition("/")
            self.at(f"/boot/EFI/nixos/{package}-{name}.efi").touch()
        version = f"Generation {each.number} NixOS {system.nixos_version} (Linux {system.kernel})"
        options = f"options init={system.path}/init loglevel=4"
        self.write(
            f"/boot/loader/entries/nixos-generation-{each.number}.conf",
            f"title NixOS\nsort-key nixos\nversion {version}\n{options}\n",
        )

    def boots_next(self) -> str:
        """The system that the boot loader's default entry starts."""
        default = self.at("/boot/loader/loader.conf").read_text().split("default ")[1].split()[0]
        options = self.at(f"/boot/loader/entries/{default}").read_text().split("init=")[1]
        return options.split("/init")[0]
