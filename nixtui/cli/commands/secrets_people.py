"""`nixtui secrets add-host` and `offboard`: who comes and who goes, in rules and files at once."""

from argparse import ArgumentParser, Namespace
from typing import Any

from nixtui.cli.assembly import Assembly
from nixtui.cli.commands.secrets_reading import chosen
from nixtui.cli.exits import Exit, NotReached, UsageError
from nixtui.cli.output import narrate, plain
from nixtui.cli.proposing import add_consent, propose
from nixtui.cli.secrets_here import repository_here, runner_here
from nixtui.cli.secrets_of_hosts import secrets_check
from nixtui.model.host import Host
from nixtui.operations.operation import Prepared
from nixtui.remote.errors import RemoteError
from nixtui.remote.secrets import look_at_secrets
from nixtui.secrets.declared import Declaration, files_of
from nixtui.secrets.errors import SecretsError, Trouble
from nixtui.secrets.membership import plan_add_host, plan_offboard
from nixtui.secrets.repository import Repository, SecretFile
from nixtui.secrets.work import job

_HOST_KEY = "/etc/ssh/ssh_host_ed25519_key"


def add(verbs: Any) -> None:
    """Declare the arguments."""
    adding: ArgumentParser = verbs.add_parser(
        "add-host", help="let a host read files: its key, asked of itself, goes into rules and files"
    )
    adding.add_argument("host", metavar="HOST")
    adding.add_argument("file", metavar="FILE", nargs="*", help="without any: those that its configuration declares")
    adding.add_argument("--like", metavar="NAME", help="the files that another host or person can read")
    leaving: ArgumentParser = verbs.add_parser(
        "offboard", help="take somebody out of all rules and files, and say which values to change"
    )
    leaving.add_argument("name", metavar="NAME", help="as the rules call them, or a recipient")
    for each in (adding, leaving):
        each.add_argument("--json", action="store_true", help="the report as JSON")
        add_consent(each)


async def _add_host(arguments: Namespace, nixtui: Assembly) -> Exit:
    host = await nixtui.one(arguments.host)
    repository, environ = await repository_here(nixtui), nixtui.surroundings.environ
    declared = None
    if not arguments.file and not arguments.like:
        declared = await _declared(nixtui, host)
    files = _files(arguments, nixtui, repository, declared)
    key = await _host_key(nixtui, host, declared)
    runner = await runner_here(nixtui)
    work = await plan_add_host(repository, host.name, key, files, runner.identities.recipients, environ)
    prepared = Prepared(nixtui.new_identity(), work.plan, job(work, runner))
    return await propose(nixtui, prepared, arguments, more={"host_key": key})


async def _declared(nixtui: Assembly, host: Host) -> Declaration:
    check = await secrets_check(nixtui, [host], lambda said: narrate(plain(said)), insist=True)
    found = await check.declared(host.name) if check is not None else None
    if found is None:
        raise UsageError(f"which files? {host.name} declares none here; name them, or --like another host")
    return found


def _files(
    arguments: Namespace, nixtui: Assembly, repository: Repository, declared: Declaration | None
) -> list[SecretFile]:
    if declared is not None:
        return list(files_of(declared, repository))
    if not arguments.like:
        return chosen(repository.files, arguments.file, repository, nixtui)
    wanted = {identity for identity, name in repository.names.items() if arguments.like in (name, identity)}
    found = [each for each in repository.files if any(one.identity in wanted for one in each.recipients)]
    if not found:
        raise UsageError(f"{arguments.like} reads nothing here; nixtui secrets recipients")
    return found


async def _host_key(nixtui: Assembly, host: Host, declared: Declaration | None) -> str:
    """The host's own ed25519 key, over a connection whose host key was verified. Raises `NotReached`."""
    paths = declared.ssh_keys if declared is not None and declared.ssh_keys else (_HOST_KEY,)
    try:
        async with nixtui.reach(host) as transport:
            seen = await look_at_secrets(transport, (), paths, elevated=False)
    except RemoteError as error:
        raise NotReached(str(error)) from error
    keys = sorted(seen.public_keys, key=lambda each: not each.startswith("ssh-ed25519 "))
    if not keys:
        raise SecretsError(
            Trouble.BAD_RECIPIENT, f"{host.name} has no key in {', '.join(paths)}", "enable services.openssh on it"
        )
    return keys[0]


async def _offboard(arguments: Namespace, nixtui: Assembly) -> Exit:
    repository, environ = await repository_here(nixtui), nixtui.surroundings.environ
    runner = await runner_here(nixtui)
    work, departure = await plan_offboard(repository, arguments.name, runner.identities.recipients, environ)
    prepared = Prepared(nixtui.new_identity(), work.plan, job(work, runner))
    more = {"must_change": {file: list(keys) for file, keys in departure.readable.items()}}
    return await propose(nixtui, prepared, arguments, more=more)


VERBS = {"add-host": _add_host, "offboard": _offboard}
