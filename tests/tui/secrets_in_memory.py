"""The demo's secrets for screens without a fleet: sealed files that are looked at, and nothing that is opened."""

import tempfile
from functools import cached_property
from pathlib import Path

from nixtui.demo.secrets import write_secrets
from nixtui.secrets.document import Path as KeyPath
from nixtui.secrets.found import SecretsFound, look
from nixtui.secrets.repository import SecretFile
from nixtui.secrets.secret import Secret


class MemorySecrets:
    """As far as pictures want it."""

    copying = None

    @cached_property
    def _folder(self) -> tempfile.TemporaryDirectory[str]:
        folder = tempfile.TemporaryDirectory()
        write_secrets(Path(folder.name) / "infra", Path(folder.name) / "config")
        return folder

    async def look(self) -> SecretsFound:
        folder = Path(self._folder.name)
        return await look(folder / "infra", {"HOME": "/nowhere", "XDG_CONFIG_HOME": str(folder / "config")})

    async def reveal(self, file: SecretFile, key: KeyPath) -> Secret:
        return Secret("correct-horse-battery-staple")

    def can_undo(self, name: str) -> bool:
        return False
