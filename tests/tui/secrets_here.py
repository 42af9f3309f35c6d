"""The app where secrets are: real sops and age files, the live cockpit, a host that refuses connections."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pyrage
import tomli_w
from textual.pilot import Pilot

from nixtui.cli.assembly import Assembly, Surroundings
from nixtui.cli.cockpit import LiveCockpit
from nixtui.config import load_configuration
from nixtui.remote.prompter import Nobody
from nixtui.secrets.rules import NAME as RULES
from nixtui.tui.app import NixtuiApp
from nixtui.tui.screens.secrets import SecretsScreen
from tests.secrets.conftest import Repo
from tests.tui.screen import press, until, until_shown

VALUE = "zebra-crossing-4711"
"""A value that is nowhere else: tests search for it."""

WEB = f"""\
# what the shop needs
db:
    password: {VALUE}
    port: 5432
tls:
    key: |
        -----BEGIN KEY-----
        abcdef
        -----END KEY-----
hosts:
    - token: one
    - token: two
open_unencrypted: clear
"""


def fill(repo: Repo) -> None:
    """Files of both kinds, with every trouble that a list shows; `me` and `other` have names."""
    me, other = repo.me.public, repo.other.public
    (repo.root / RULES).write_text(
        f"keys:\n- &mara {me}\n- &ben {other}\ncreation_rules:\n"
        "- path_regex: secrets/web\\.yaml$\n  key_groups: [{age: [*mara, *ben]}]\n"
        f"- path_regex: secrets/db\\.yaml$\n  key_groups: [{{age: [*mara]}}]\n- path_regex: secrets/.*\n  age: {me}\n"
    )
    repo.encrypt("secrets/web.yaml", WEB, to=f"{me},{other}")
    repo.encrypt("secrets/db.yaml", "root: s3cr3t\n", to=f"{me},{other}")
    repo.encrypt("secrets/app.env", "API_KEY=abc\nDEBUG=1\n")
    repo.encrypt("secrets/theirs.json", '{"a": "x"}', to=other)
    repo.encrypt("secrets/blob.bin", b"\x00\xff\x01binary")
    (repo.root / "secrets/broken.yaml").write_text("a: plain\n")
    keys = [pyrage.x25519.Recipient.from_str(each) for each in (me, other)]
    (repo.root / "token.age").write_bytes(pyrage.encrypt(b"tok-123\n", keys))
    (repo.root / "secrets.nix").write_text(f'{{ "token.age".publicKeys = [ "{me}" "{other}" ]; }}')


def age_value(repo: Repo, path: Path) -> bytes:
    """What the age library decrypts with my key."""
    identity = pyrage.x25519.Identity.from_str(repo.me.file.read_text().strip())
    return bytes(pyrage.decrypt(path.read_bytes(), [identity]))


@asynccontextmanager
async def secrets_app(
    repo: Repo,
    *,
    size: tuple[int, int] = (120, 40),
    configuration: Mapping[str, Any] | None = None,
    read_only: bool = False,
    environ: Mapping[str, str] | None = None,
) -> AsyncIterator[tuple[NixtuiApp, Pilot[None], SecretsScreen]]:
    """The Secrets screen of this repository, once its files are listed."""
    document = {
        "fleet": {"name": "shop", "sources": ["file"]},
        "hosts": {"web-1": {"address": "127.0.0.1", "port": 1}},
        **(configuration or {}),
    }
    config = repo.root / "nixtui.toml"
    config.write_text(tomli_w.dumps(document))
    environ = {**repo.environ, "PATH": repo.environ["PATH"], **(environ or {})}
    surroundings = Surroundings(repo.root, environ, Nobody(), "ops-1")
    loaded = load_configuration(repo.root, environ, config)
    async with Assembly(loaded, surroundings, read_only=read_only) as nixtui, LiveCockpit(nixtui) as cockpit:
        app = NixtuiApp(cockpit)
        async with app.run_test(size=size) as pilot:
            await press(pilot, "5")
            await until(pilot, lambda: isinstance(app.screen, SecretsScreen), "the Secrets screen")
            screen = app.screen
            assert isinstance(screen, SecretsScreen)
            await until(pilot, lambda: screen.found is not None, "what was found")
            yield app, pilot, screen


async def go_to(pilot: Pilot[None], screen: SecretsScreen, file: str, key: str | None = None) -> None:
    """The cursor on a file, or on a key of it."""
    screen._files.go_to(file)
    await until(pilot, lambda: screen.file is not None and screen.file.name == file, file)
    if key is not None:
        if not screen._in_keys:
            await press(pilot, "enter")
        screen._key_table.go_to(key)
        await until(pilot, lambda: screen._key_table.cursor == key, key)
        await pilot.pause()


async def confirm(pilot: Pilot[None], shows: str) -> None:
    """Say yes to the dialog that is in front, once its plan is there."""
    await until_shown(pilot, shows)
    await until(pilot, lambda: getattr(pilot.app.screen, "draft", None) and pilot.app.screen.draft.plan, "the plan")
    dialog = pilot.app.screen
    await press(pilot, "right")
    await until(pilot, lambda: dialog.focused is not None and dialog.focused.id == "go", "the choice that starts it")
    await press(pilot, "enter")
    await until(pilot, lambda: pilot.app.screen is not dialog, "the dialog closed")


async def journal(app: NixtuiApp) -> str:
    """All that was recorded."""
    found = []
    for entry in await app.session.cockpit.operations.past(50):
        found.append(repr(entry))
        found += [repr(each) for each in await app.session.cockpit.operations.events(entry.operation)]
    return "\n".join(found)


def plain(repo: Repo, name: str) -> Any:
    """What plain sops reads."""
    return json.loads(repo.sops("--config", "/dev/null", "decrypt", "--output-type", "json", str(repo.root / name)))
