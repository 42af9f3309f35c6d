"""How the lab's hosts are logged in to: one key pair, the hosts' keys, and an ssh_config that names them all."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.lab.machine import run

#: Logins that every host has, and what each may do there.
USERS: Final = {
    "root": "everything",
    "deploy": "sudo without a password",
    "ops": "sudo with the password opspw",
    "run0er": "systemd's own run0 and systemd-run by polkit, no sudo",
    "plain": "nothing",
}
OPS_PASSWORD: Final = "opspw"


@dataclass(frozen=True, slots=True)
class Access:
    """The files of a lab that let OpenSSH, or any other client, into its hosts."""

    folder: Path

    @property
    def private_key(self) -> Path:
        return self.folder / "id_ed25519"

    @property
    def public_key(self) -> Path:
        return self.folder / "id_ed25519.pub"

    @property
    def known_hosts(self) -> Path:
        return self.folder / "known_hosts"

    @property
    def ssh_config(self) -> Path:
        return self.folder / "ssh_config"

    def make_key(self) -> None:
        if not self.private_key.exists():
            run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "nixtui-lab", "-f", self.private_key)

    def write(self, hosts: Mapping[str, tuple[str, str]]) -> None:
        """Write known_hosts and ssh_config for hosts given as name -> (address, public host key).

        The host keys come from the hosts' own disks, so nothing is trusted on first use.
        """
        known = (f"{name},{address} {key}\n" for name, (address, key) in hosts.items())
        self.known_hosts.write_text("".join(known))
        entries = (
            f"Host {name}\n    HostName {address}\n    HostKeyAlias {name}\n\n" for name, (address, _) in hosts.items()
        )
        self.ssh_config.write_text(
            "".join(entries) + "Host *\n"
            "    User root\n"
            f"    IdentityFile {self.private_key}\n"
            "    IdentitiesOnly yes\n"
            f"    UserKnownHostsFile {self.known_hosts}\n"
            "    GlobalKnownHostsFile /dev/null\n"
            "    StrictHostKeyChecking yes\n"
            "    BatchMode yes\n"
            "    ConnectTimeout 5\n"
            "    LogLevel ERROR\n"
        )
