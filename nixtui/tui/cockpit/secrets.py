"""What the app may ask of the secrets of a repository."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from nixtui.operations.plan import Plan
from nixtui.secrets.creating import NewFile
from nixtui.secrets.document import Path
from nixtui.secrets.edit import Edit, Put
from nixtui.secrets.found import SecretsFound
from nixtui.secrets.generating import Generated, Made
from nixtui.secrets.history import Entry
from nixtui.secrets.merging import Merge, Side
from nixtui.secrets.repository import SecretFile
from nixtui.secrets.secret import Secret
from nixtui.secrets.standing import HostSecretsSeen


class Secrets(Protocol):
    """One property of the facade (`Cockpit.secrets`)."""

    @property
    def copying(self) -> float | None:
        """After how many seconds a copied value is cleared; `None` where the configuration does not allow copying."""
        ...

    async def look(self) -> SecretsFound:
        """Find and read everything. Needs no key. Raises `SecretsError`."""
        ...

    async def reveal(self, file: SecretFile, key: Path) -> Secret:
        """One value; of an age file all of it. Raises `SecretsError`."""
        ...

    async def plan_save(self, file: SecretFile, edits: Sequence[Edit], allowed: Sequence[str], seen: str) -> Plan:
        """The plan to make these edits one change; `seen` is the digest that they were made for. Raises `SecretsError`
        for what speaks against them, and for a file that is another one by now.
        """
        ...

    async def plan_undo(self, name: str) -> Plan:
        """The plan to take back what was saved last of a file. Raises `SecretsError` where nothing was."""
        ...

    def can_undo(self, name: str) -> bool:
        """Whether something of this file was saved here and not taken back."""
        ...

    async def plan_updatekeys(self, names: Sequence[str], *, lockout: bool = False) -> Plan:
        """The plan to bring files to the recipients of their rules. Raises `SecretsError`."""
        ...

    async def plan_rotate(self, names: Sequence[str]) -> Plan:
        """The plan to give files new data keys. Raises `SecretsError`."""
        ...

    async def plan_reencrypt(self, names: Sequence[str]) -> Plan:
        """The plan to encrypt files as if they were new, which is what another choice of values or another threshold
        wants. Raises `SecretsError`.
        """
        ...

    async def new_file(self, name: str) -> NewFile:
        """What a file at this path from the root would be. Raises `SecretsError` where one is there, or no rule is."""
        ...

    async def plan_create(self, new: NewFile, edit: Put) -> Plan:
        """The plan to create a file with its first value. Raises `SecretsError` for what speaks against it."""
        ...

    async def make(self, kind: Made, comment: str, password: Secret | None = None) -> Generated:
        """A new value; a hash is made of a `password`. Raises `SecretsError`."""
        ...

    async def rename(self, file: SecretFile, key: Path, to: Path) -> tuple[Sequence[Edit], str]:
        """The edits that give a key another name, and the digest of the file that they are for. Raises
        `SecretsError`.
        """
        ...

    async def history(self, file: SecretFile, key: Path | None) -> Sequence[Entry]:
        """The commits that touched a file, or a key of it, newest first. Raises `SecretsError`."""
        ...

    async def merge(self, file: SecretFile) -> Merge:
        """The merge that a file is in. Raises `SecretsError`."""
        ...

    async def plan_merge(self, merge: Merge, choices: Mapping[Path, Side]) -> Plan:
        """The plan to write the merged file in the place of the one with conflicts."""
        ...

    async def plan_add_host(self, host: str, names: Sequence[str]) -> Plan:
        """The plan to let a host of the fleet read files: its key is asked of itself. Raises what people read."""
        ...

    async def plan_offboard(self, who: str) -> Plan:
        """The plan to take somebody out of all rules and files. Raises `SecretsError`."""
        ...

    async def on_hosts(self, names: Sequence[str], told: Callable[[str, HostSecretsSeen], None]) -> None:
        """Compare what hosts declare with the files and with what they have, `told` host by host. Raises
        `SecretsError` and `NixError` where nothing can be compared at all.
        """
        ...
