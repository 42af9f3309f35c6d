"""A directory that looks like a NixOS host to our scripts, links and all, and the few programs that it answers with."""

import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path

_HASH = "0123456789abcdfghijklmnpqrsvwxyz"
REVISION = "98fe21c0de44d0aa17b1c0de98fe21c0de44d0aa"


def store_name(number: int, name: str) -> str:
    """A store path's last part; equal numbers and names give equal ones."""
    return f"{number:032d}-{name}"


@dataclass
class NixosRoot:
    """`NIXTUI_ROOT`: systems are made with `system`, generations with `generation`; paths given and returned are the
    host's own, without the prefix."""

    directory: Path
    programs: Path = field(init=False)

    def __post_init__(self) -> None:
        self.programs = self.directory / "programs"
        for folder in ("programs", "run", "nix/store", "nix/var/nix/profiles", "nix/var/nix/gcroots", "boot"):
            (self.directory / folder).mkdir(parents=True)
        self.write("/proc/loadavg", "0.42 0.31 0.20 1/123 4567\n")
        self.memory(total=8_000_000, available=6_000_000)
        self.write("/proc/uptime", "86400.12 170000.00\n")
        self.write("/proc/sys/kernel/osrelease", "6.12.51\n")
        self.write("/proc/sys/kernel/random/boot_id", "0e1ce3ad-8c42-4a4a-b9a5-6f4a4a3b2c1d\n")
        self.systemd()

    @property
    def environment(self) -> dict[str, str]:
        """What a shell needs to see this root."""
        return {"NIXTUI_ROOT": str(self.directory), "PATH": f"{self.programs}:{os.environ['PATH']}"}

    def at(self, path: str) -> Path:
        """Where a host's path is here."""
        return self.directory / path.lstrip("/")

    def write(self, path: str, text: str) -> None:
        """A file, with the folders to it. Replaced in one step: a probe may be reading it."""
        file = self.at(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        new = file.with_name(f"{file.name}.new")
        new.write_text(text)
        new.replace(file)

    def link(self, path: str, target: str | Path) -> None:
        """A symbolic link as the host has it: absolute targets get the prefix. Replaced in one step."""
        file = self.at(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        new = file.with_name(f"{file.name}.new")
        new.symlink_to(self.at(str(target)) if str(target).startswith("/") else target)
        new.replace(file)

    def program(self, name: str, text: str) -> None:
        """A program that scripts find before this machine's own."""
        self.write(f"/programs/{name}", f"#!/bin/sh\n{text}\n")
        (self.programs / name).chmod(0o755)

    def systemd(
        self, state: str = "running", failed: tuple[str, ...] = (), *, stamps: tuple[int | str, ...] = ()
    ) -> None:
        """What `systemctl` says from now on; `stamps` are when those units changed last, in µs of uptime."""
        (self.at("/run/systemd/system")).mkdir(parents=True, exist_ok=True)
        self.write("/run/failed", "".join(f"{unit} loaded failed failed Something\n" for unit in failed))
        self.program(
            "systemctl",
            f"case $2 in --value) printf '%s\\n\\n' {' '.join(map(str, stamps))}; exit;; esac\n"
            f"case $1 in show) echo NFailedUnits={len(failed)}; echo SystemState={state};;"
            f" list-units) cat '{self.at('/run/failed')}';; *) exit 1;; esac",
        )

    def memory(self, *, total: int, available: int, swap_total: int = 0, swap_free: int = 0) -> None:
        """`/proc/meminfo` as the kernel writes it, in KiB."""
        self.write(
            "/proc/meminfo",
            f"MemTotal:       {total:8} kB\nMemFree:          100000 kB\nMemAvailable:   {available:8} kB\n"
            f"Buffers:           12000 kB\nSwapCached:            0 kB\nSwapTotal:      {swap_total:8} kB\n"
            f"SwapFree:       {swap_free:8} kB\nDirty:                 8 kB\n",
        )

    def system(
        self,
        number: int,
        *,
        version: str | None = None,
        kernel: str = "6.12.51",
        systemd: str = "257.9",
        revision: str | None = REVISION,
        specialisations: tuple[str, ...] = (),
    ) -> str:
        """A toplevel in the store; kernels and systemds of one version are one store path. Returns its path."""
        version = f"25.11.2026{number:04d}" if version is None else version
        top = f"/nix/store/{store_name(number, f'nixos-system-web-{version}')}"
        if self.at(top).exists():
            return top
        self.write(f"{top}/nixos-version", version)
        self.link(f"{top}/kernel", self._kernel(kernel))
        self.link(f"{top}/initrd", self._file(f"initrd-linux-{kernel}", "initrd"))
        self.link(f"{top}/kernel-modules", self._modules(kernel))
        self.link(f"{top}/systemd", str(Path(self._file(f"systemd-{systemd}", "lib/systemd/systemd")).parents[2]))
        for name in specialisations:
            self.at(f"{top}/specialisation/{name}").mkdir(parents=True)
        answer = f"echo {revision}" if revision else "echo unknown >&2; exit 1"
        self.write(f"{top}/sw/bin/nixos-version", f"#!/bin/sh\n{answer}\n")
        self.at(f"{top}/sw/bin/nixos-version").chmod(0o755)
        return top

    def wrapped(self, system: str) -> str:
        """What deploy-rs makes of a toplevel: links to all that is in it, and programs of its own. Returns its path."""
        path = f"/nix/store/{store_name(99, f'activatable-{system[44:]}')}"
        self.write(f"{path}/deploy-rs-activate", "#!/bin/sh\n")
        for each in self.at(system).iterdir():
            self.link(f"{path}/{each.name}", f"{system}/{each.name}")
        return path

    def generation(self, number: int, system: str, *, created_at: float | None = None) -> None:
        """A generation link; the profile stays where it points."""
        name = f"/nix/var/nix/profiles/system-{number}-link"
        self.link(name, system)
        if created_at is not None:
            os.utime(self.at(name), (created_at, created_at), follow_symlinks=False)

    def switch(self, number: int, *, at: float | None = None) -> None:
        """Point the profile to a generation."""
        self.link("/nix/var/nix/profiles/system", f"system-{number}-link")
        if at is not None:
            os.utime(self.at("/nix/var/nix/profiles/system"), (at, at), follow_symlinks=False)

    def runs(self, system: str) -> None:
        """What `/run/current-system` is."""
        self.link("/run/current-system", system)

    def booted(self, system: str) -> None:
        """What `/run/booted-system` is."""
        self.link("/run/booted-system", system)

    def collect(self, system: str) -> None:
        """Delete a system from the store, as the garbage collector does."""
        shutil.rmtree(self.at(system))

    def _kernel(self, version: str) -> str:
        return self._file(f"linux-{version}", "bzImage")

    def _modules(self, version: str) -> str:
        return str(Path(self._file(f"modules-{version}", f"lib/modules/{version}/modules.dep")).parents[3])

    def _file(self, package: str, inside: str) -> str:
        path = f"/nix/store/{_HASH}-{package}/{inside}"
        if not self.at(path).exists():
            self.write(path, package)
        return path


def web_host(directory: Path) -> NixosRoot:
    """A host in good order: three generations, the newest runs and was booted."""
    root = NixosRoot(directory)
    for number in (410, 411, 412):
        root.generation(number, root.system(number), created_at=1_790_000_000 + number * 1000)
    root.switch(412, at=1_790_500_000)
    root.runs(root.system(412))
    root.booted(root.system(412))
    return root
