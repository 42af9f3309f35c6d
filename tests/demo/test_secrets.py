"""The demo's secrets: sealed beforehand, opened with the demo's own key, with everything that the screen can do."""

import asyncio
import os
import shutil
import sys
from pathlib import Path

import pytest

from nixtui.demo import demo_fleet
from nixtui.demo.secrets import OPERATOR, identity_of
from nixtui.demo.story import CAST
from nixtui.nix.git import SAFE_GIT
from nixtui.secrets.found import look
from nixtui.secrets.identities import load_identities
from nixtui.secrets.merging import read_merge
from nixtui.secrets.process import Runner
from nixtui.secrets.program import find_sops
from nixtui.secrets.secret import Secret
from nixtui.secrets.values import units_of
from tests.demo.seal import public, rules
from tests.secrets.conftest import run


def environ_of(fleet) -> dict[str, str]:
    return {"HOME": "/nowhere", "PATH": os.environ["PATH"], **fleet.environ}


async def test_they_are_there_without_nix_and_without_a_network() -> None:
    async with demo_fleet(cast=CAST[:1]) as fleet:
        environ = environ_of(fleet) | {"PATH": "/nowhere"}
        found = await look(fleet.directory / "infra", environ)
        assert not found.repository.problems and public(OPERATOR) in found.mine
        drifting = {name for name, drift in found.drift.items() if drift.is_any}
        assert drifting == {"secrets/db.yaml", "secrets/mail.yaml"}
        assert {found.repository.called(each) for each in found.drift["secrets/db.yaml"].missing} == {"db-1"}
        assert {found.repository.called(each) for each in found.drift["secrets/db.yaml"].extra} == {"yuki"}
        keys = fleet.directory / "config/sops/age/keys.txt"
        assert keys.stat().st_mode & 0o077 == 0 and keys.read_text().strip() == identity_of(OPERATOR)


async def test_all_but_one_are_the_operators_and_whole() -> None:
    async with demo_fleet(cast=CAST[:1]) as fleet:
        environ = environ_of(fleet)
        runner = Runner(sops=find_sops(environ), identities=await load_identities(environ), environ=environ)
        found = await look(fleet.directory / "infra", environ)
        for file in found.repository.files:
            if file.problem is not None or file.name == "secrets/monitoring.json":
                continue
            values = await units_of(runner, file.path.read_bytes(), file.name, directory=file.path.parent)
            assert values and all(isinstance(each.value, Secret) for each in values.values())
        merge = await read_merge(runner, fleet.directory / "infra/secrets/mail.yaml", "secrets/mail.yaml")
        assert {each.path for each in merge.conflicts} == {("relay", "password"), ("alerts",)}


async def test_git_has_two_versions_of_the_password() -> None:
    shutil.which("git") or pytest.skip("no git")
    async with demo_fleet(cast=CAST[:1]) as fleet:
        infra = fleet.directory / "infra"
        said = await asyncio.to_thread(
            run, "git", "-C", infra, *SAFE_GIT, "log", "--format=%s", "--", "secrets/web.yaml"
        )
        assert len(said.splitlines()) == 2
        await asyncio.to_thread(run, "git", "-C", infra, "fsck", "--strict")


def test_the_sealed_rules_are_those_of_the_script() -> None:
    sealed = Path(sys.modules[demo_fleet.__module__].__file__ or "").with_name("sealed")
    assert (sealed / "sops.yaml").read_text() == rules()
