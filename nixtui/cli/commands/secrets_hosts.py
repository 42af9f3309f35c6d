"""`nixtui secrets verify --host`: what hosts declare, what the files have, and what is on the hosts."""

import asyncio
from argparse import Namespace
from typing import Any

from nixtui.cli.assembly import Assembly
from nixtui.cli.exits import Exit, UsageError
from nixtui.cli.output import narrate, plain, print_json, print_table
from nixtui.cli.secrets_of_hosts import secrets_check
from nixtui.deploys.secrets import SecretsCheck
from nixtui.model.host import Host
from nixtui.nix.errors import NixError
from nixtui.remote.errors import RemoteError
from nixtui.secrets.declared import Lack
from nixtui.secrets.proof import Proof, Proofs

AT_ONCE = 32

Found = tuple[tuple[Lack, ...], Proofs | None] | RemoteError


async def verify_hosts(arguments: Namespace, nixtui: Assembly) -> Exit:
    """Every secret of every host meant, proven or not."""
    if arguments.file:
        raise UsageError("files or hosts, not both: verify FILE…, or verify --host SELECTOR")
    hosts = await nixtui.select(arguments.host)
    try:
        check = await secrets_check(nixtui, hosts, lambda said: narrate(plain(said)), insist=True)
    except NixError as error:
        raise UsageError(error.reason) from error
    if check is None:
        raise UsageError("there is no flake.nix here or above that says what hosts declare; name it in [fleet] flake")
    room = asyncio.Semaphore(AT_ONCE)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_look(nixtui, check, host, room)) for host in hosts]
    found = {host.name: task.result() for host, task in zip(hosts, tasks, strict=True)}
    rows = [row for name, each in found.items() for row in _rows(name, each)]
    if arguments.json:
        print_json(rows)
    else:
        table = [(each["host"], each["secret"] or "–", each["state"], each["detail"] or "") for each in rows]
        print_table(("HOST", "SECRET", "STATE", ""), table)
    return _exit(found)


async def _look(nixtui: Assembly, check: SecretsCheck, host: Host, room: asyncio.Semaphore) -> Found:
    async with room:
        try:
            async with nixtui.reach(host) as transport:
                return await check.lacking(transport), await check.prove(transport)
        except RemoteError as error:
            return error


def _rows(host: str, found: Found) -> list[dict[str, Any]]:
    if isinstance(found, RemoteError):
        return [_row(host, None, None, "not reached", str(found), ok=False)]
    lacks, proofs = found
    if proofs is None:
        return [_row(host, None, None, "declares none", None, ok=True)]
    lacking = {each.secret: each for each in lacks}
    return [_proof_row(host, each, lacking.get(each.secret)) for each in proofs.proofs]


def _proof_row(host: str, proof: Proof, lack: Lack | None) -> dict[str, Any]:
    """A secret that the next activation would fail for is not well, whatever the host has today."""
    if lack is not None:
        return _row(host, proof.secret, proof.path, "cannot be deployed", lack.reason, ok=False)
    return _row(host, proof.secret, proof.path, proof.standing.value, proof.detail, ok=proof.standing.is_well)


def _row(
    host: str, secret: str | None, path: str | None, state: str, detail: str | None, *, ok: bool
) -> dict[str, Any]:
    return {"host": host, "secret": secret, "path": path, "state": state, "ok": ok, "detail": detail}


def _exit(found: dict[str, Found]) -> Exit:
    gone = [name for name, each in found.items() if isinstance(each, RemoteError)]
    wrong = [name for name, each in found.items() if not all(row["ok"] for row in _rows(name, each))]
    if gone and len(gone) == len(found):
        return Exit.UNREACHABLE
    return Exit.DONE if not wrong else Exit.FAILED if len(wrong) == len(found) else Exit.PARTIAL
