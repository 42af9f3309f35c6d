"""Secrets, for the app: the real thing behind `nixtui.tui.cockpit.secrets.Secrets`."""

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path as FilePath
from typing import Final

from nixtui.cli.assembly import Assembly
from nixtui.cli.secrets_here import secrets_root
from nixtui.cli.secrets_of_hosts import secrets_check
from nixtui.model.host import Host
from nixtui.operations.operation import Job, Prepared
from nixtui.operations.plan import Plan
from nixtui.remote.errors import RemoteError
from nixtui.remote.secrets import look_at_secrets
from nixtui.secrets.agenix import reveal_age
from nixtui.secrets.creating import NewFile, check_new, new_file
from nixtui.secrets.document import Format, Path
from nixtui.secrets.edit import Edit, Put
from nixtui.secrets.editing import Change, check, reveal
from nixtui.secrets.errors import SecretsError, Trouble
from nixtui.secrets.found import SecretsFound, look
from nixtui.secrets.generating import Generated, Made, generate, hash_password
from nixtui.secrets.history import Entry, history
from nixtui.secrets.identities import load_identities
from nixtui.secrets.membership import plan_add_host, plan_offboard
from nixtui.secrets.merging import Merge, Side, read_merge
from nixtui.secrets.process import Runner
from nixtui.secrets.program import find_sops
from nixtui.secrets.renaming import rename_edits
from nixtui.secrets.repository import Repository, SecretFile, look_around, no_such_file
from nixtui.secrets.safe_file import digest, read_file
from nixtui.secrets.saving import (
    creating_job,
    merging_job,
    plan_age,
    plan_edits,
    plan_merge,
    plan_new,
    saving_age_job,
    saving_job,
)
from nixtui.secrets.secret import Secret
from nixtui.secrets.standing import HostSecretsSeen
from nixtui.secrets.taking_back import plan_undo, undoing_job
from nixtui.secrets.work import Work, job, plan_reencrypt, plan_rotate, plan_updatekeys

_HOST_KEY: Final = "/etc/ssh/ssh_host_ed25519_key"
_HOSTS_AT_ONCE: Final = 32


class LiveSecrets:
    """`host` gives a host of the fleet by name; `keep` remembers what was prepared until somebody says yes.

    Of changes that were saved the ciphertext before and after is kept, one per file, until nixtui ends: undo needs it.
    """

    def __init__(self, nixtui: Assembly, host: Callable[[str], Host], keep: Callable[[Prepared], Plan]) -> None:
        self._nixtui = nixtui
        self._host = host
        self._keep = keep
        self._changes: dict[str, list[Change]] = {}

    @property
    def copying(self) -> float | None:
        """`[secrets] clipboard` and `clear_after`."""
        section = self._nixtui.configuration.document.secrets
        return section.clear_after if section.clipboard else None

    async def look(self) -> SecretsFound:
        """Rules are evaluated and files read; identities too, to tell which recipients are ours."""
        return await look(secrets_root(self._nixtui), self._environ)

    async def reveal(self, file: SecretFile, key: Path) -> Secret:
        """As `nixtui secrets show`."""
        if file.problem is not None:
            raise file.problem
        if file.format is Format.AGE:
            return await reveal_age(await load_identities(self._environ), file.path, file.name)
        return await reveal(await self._runner(), file.path, file.name, key)

    async def plan_save(self, file: SecretFile, edits: Sequence[Edit], allowed: Sequence[str], seen: str) -> Plan:
        """Guards are asked now, and again when it is saved."""
        if digest(await asyncio.to_thread(read_file, file.path, file.name)) != seen:
            raise SecretsError(
                Trouble.CHANGED, f"{file.name}: the file is not the one you looked at any more",
                "ctrl+r reads it again; your edits stay",
            )  # fmt: skip
        saved = partial(self._remember, file.name)
        runner = await self._runner()
        if file.format is not Format.AGE:
            assert file.document is not None
            check(file.document, edits, file.name, allowed)
            job = saving_job(runner, file.path, file.name, edits, allowed=allowed, seen=seen, saved=saved)
            return self._prepared(plan_edits(file.name, edits), job)
        if file.age_rule is None:
            raise SecretsError(
                Trouble.NO_RULE, f"{file.name}: secrets.nix has no rule for it", "add its publicKeys there"
            )
        value = next(each.value for each in reversed(edits) if isinstance(each, Put))
        age = saving_age_job(runner, file.path, file.name, value, file.age_rule, seen=seen, saved=saved)
        return self._prepared(plan_age(file.name), age)

    def can_undo(self, name: str) -> bool:
        """Until nixtui ends."""
        return bool(self._changes.get(name))

    async def plan_undo(self, name: str) -> Plan:
        """Of the newest change; the one before it can be undone after."""
        if not self.can_undo(name):
            raise SecretsError(Trouble.OTHER, f"{name}: nothing was saved here that could be undone", "git has it")
        last = self._changes[name][-1]

        def undone(_: Change) -> None:
            self._changes[name].remove(last)

        return self._prepared(plan_undo(name), undoing_job(last, undone))

    async def plan_updatekeys(self, names: Sequence[str], *, lockout: bool = False) -> Plan:
        """From the files and rules as they are now."""
        repository, runner = await look_around(secrets_root(self._nixtui), self._environ), await self._runner()
        files, mine = _named(repository, names), runner.identities.recipients
        return self._work(await asyncio.to_thread(plan_updatekeys, repository, files, mine, lockout=lockout), runner)

    async def plan_rotate(self, names: Sequence[str]) -> Plan:
        """As `plan_updatekeys`."""
        repository, runner = await look_around(secrets_root(self._nixtui), self._environ), await self._runner()
        return self._work(await asyncio.to_thread(plan_rotate, _named(repository, names)), runner)

    async def plan_reencrypt(self, names: Sequence[str]) -> Plan:
        """As `plan_updatekeys`."""
        repository, runner = await look_around(secrets_root(self._nixtui), self._environ), await self._runner()
        files, mine = _named(repository, names), runner.identities.recipients
        return self._work(await asyncio.to_thread(plan_reencrypt, repository, files, mine), runner)

    async def new_file(self, name: str) -> NewFile:
        """As `nixtui secrets set --new`."""
        root = secrets_root(self._nixtui)
        return await new_file(root, await asyncio.to_thread(_free_place, root, name), self._environ)

    async def plan_create(self, new: NewFile, edit: Put) -> Plan:
        """Guards are asked now, and again when it is written."""
        check_new(new, [edit])
        job = creating_job(await self._runner(), new, [edit], saved=partial(self._remember, new.name))
        return self._prepared(plan_new(new, [edit]), job)

    async def make(self, kind: Made, comment: str, password: Secret | None = None) -> Generated:
        """As `nixtui secrets generate`."""
        if password is not None:
            return await hash_password(password, self._environ)
        return await generate(kind, comment=comment)

    async def rename(self, file: SecretFile, key: Path, to: Path) -> tuple[Sequence[Edit], str]:
        """As `nixtui secrets rename`."""
        return await rename_edits(await self._runner(), file.path, file.name, key, to)

    async def history(self, file: SecretFile, key: Path | None) -> Sequence[Entry]:
        """As `nixtui secrets history`."""
        return await history(await self._runner(), file.path, file.name, key)

    async def merge(self, file: SecretFile) -> Merge:
        """As `nixtui secrets merge` begins."""
        return await read_merge(await self._runner(), file.path, file.name)

    async def plan_merge(self, merge: Merge, choices: Mapping[Path, Side]) -> Plan:
        """As it ends."""
        return self._prepared(plan_merge(merge, choices), merging_job(await self._runner(), merge, choices))

    async def plan_add_host(self, host: str, names: Sequence[str]) -> Plan:
        """Its ed25519 key comes over a connection whose host key was verified."""
        found = self._host(host)
        repository, runner = await look_around(secrets_root(self._nixtui), self._environ), await self._runner()
        async with self._nixtui.reach(found) as transport:
            seen = await look_at_secrets(transport, (), (_HOST_KEY,), elevated=False)
        if not seen.public_keys:
            raise SecretsError(
                Trouble.BAD_RECIPIENT, f"{host} has no key in {_HOST_KEY}", "enable services.openssh on it"
            )
        key = sorted(seen.public_keys, key=lambda each: not each.startswith("ssh-ed25519 "))[0]
        files, mine = _named(repository, names), runner.identities.recipients
        return self._work(await plan_add_host(repository, host, key, files, mine, self._environ), runner)

    async def plan_offboard(self, who: str) -> Plan:
        """As `nixtui secrets offboard`."""
        repository, runner = await look_around(secrets_root(self._nixtui), self._environ), await self._runner()
        work, _ = await plan_offboard(repository, who, runner.identities.recipients, self._environ)
        return self._work(work, runner)

    async def on_hosts(self, names: Sequence[str], told: Callable[[str, HostSecretsSeen], None]) -> None:
        """As `nixtui secrets verify --host`."""
        hosts = [self._host(name) for name in names]
        check = await secrets_check(self._nixtui, hosts, lambda _: None, insist=True)
        if check is None:
            raise SecretsError(
                Trouble.BAD_RULES, "there is no flake here that says what hosts declare", "name it in [fleet] flake"
            )
        room = asyncio.Semaphore(_HOSTS_AT_ONCE)

        async def look_at(host: Host) -> None:
            async with room:
                try:
                    async with self._nixtui.reach(host) as transport:
                        seen = HostSecretsSeen(await check.lacking(transport), await check.prove(transport))
                except (RemoteError, SecretsError) as error:
                    seen = HostSecretsSeen(problem=str(error))
                told(host.name, seen)

        async with asyncio.TaskGroup() as group:
            for host in hosts:
                group.create_task(look_at(host))

    @property
    def _environ(self) -> Mapping[str, str]:
        return self._nixtui.surroundings.environ

    async def _runner(self) -> Runner:
        mine = await load_identities(self._environ)
        return Runner(sops=await asyncio.to_thread(find_sops, self._environ), identities=mine, environ=self._environ)

    def _work(self, work: Work, runner: Runner) -> Plan:
        return self._prepared(work.plan, job(work, runner))

    def _prepared(self, plan: Plan, job: Job) -> Plan:
        return self._keep(Prepared(self._nixtui.new_identity(), plan, job))

    def _remember(self, name: str, change: Change) -> None:
        if change.is_one:
            self._changes.setdefault(name, []).append(change)


def _free_place(root: FilePath, name: str) -> FilePath:
    """Where a new file is to be. Raises `SecretsError`; a link is there as well, wherever it leads."""
    path = FilePath(os.path.normpath(root / name))
    if not path.is_relative_to(root):
        raise SecretsError(Trouble.BAD_KEY, f"{name} is outside of the repository", "name it from its root")
    if os.path.lexists(path):
        raise SecretsError(Trouble.GUARDED, f"{name}: the file is there already", "choose another name")
    return path


def _named(repository: Repository, names: Sequence[str]) -> list[SecretFile]:
    by_name = {each.name: each for each in repository.files}
    for name in names:
        if name not in by_name:
            raise no_such_file(name)
    return [by_name[name] for name in names]
