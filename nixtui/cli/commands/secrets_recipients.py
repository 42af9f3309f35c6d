"""`nixtui secrets updatekeys`, `rotate` and `verify`: who can read, with what key, and whether the files are sound."""

from argparse import ArgumentParser, Namespace
from typing import Any

from nixtui.cli.assembly import Assembly
from nixtui.cli.commands.secrets_hosts import verify_hosts
from nixtui.cli.commands.secrets_reading import chosen
from nixtui.cli.exits import Exit
from nixtui.cli.output import print_json, print_table
from nixtui.cli.proposing import add_consent, propose
from nixtui.cli.secrets_here import is_age, repository_here, runner_here
from nixtui.operations.operation import Prepared
from nixtui.secrets.agenix import reveal_age
from nixtui.secrets.errors import SecretsError
from nixtui.secrets.process import Runner
from nixtui.secrets.repository import SecretFile, drift_of
from nixtui.secrets.work import job, plan_reencrypt, plan_rotate, plan_updatekeys


def add(verbs: Any) -> None:
    """Declare the arguments."""
    updating: ArgumentParser = verbs.add_parser(
        "updatekeys", aliases=["rekey"], help="bring recipients of files to what their rules say, sops and age alike"
    )
    updating.add_argument("--allow", action="append", default=[], choices=("lockout",), help="also lose access myself")
    rotating: ArgumentParser = verbs.add_parser("rotate", help="give sops files new data keys")
    anew: ArgumentParser = verbs.add_parser(
        "reencrypt", help="encrypt files anew where their rule now encrypts other values, or wants another threshold"
    )
    anew.add_argument(
        "--allow", action="append", default=[], choices=("lockout", "plaintext"), help="what would be refused otherwise"
    )
    verifying: ArgumentParser = verbs.add_parser("verify", help="whether files decrypt here and nobody tampered")
    verifying.add_argument(
        "--host", metavar="SELECTOR", action="append", default=[],
        help="instead: whether these hosts have what they declare, with the values of the files",
    )  # fmt: skip
    for each in (updating, rotating, anew, verifying):
        each.add_argument("file", metavar="FILE", nargs="*", help="without any: all")
        each.add_argument("--json", action="store_true")
    for each in (updating, rotating, anew):
        add_consent(each)


async def _updatekeys(arguments: Namespace, nixtui: Assembly) -> Exit:
    repository = await repository_here(nixtui)
    files = chosen(repository.files, arguments.file, repository, nixtui)
    runner = await runner_here(nixtui)
    lockout = "lockout" in arguments.allow
    work = plan_updatekeys(repository, files, runner.identities.recipients, lockout=lockout)
    return await propose(nixtui, Prepared(nixtui.new_identity(), work.plan, job(work, runner)), arguments)


async def _rotate(arguments: Namespace, nixtui: Assembly) -> Exit:
    repository = await repository_here(nixtui)
    files = chosen(repository.files, arguments.file, repository, nixtui)
    if not arguments.file:
        files = [each for each in files if not is_age(each)]
    work = plan_rotate(files)
    return await propose(
        nixtui, Prepared(nixtui.new_identity(), work.plan, job(work, await runner_here(nixtui))), arguments
    )


async def _reencrypt(arguments: Namespace, nixtui: Assembly) -> Exit:
    repository = await repository_here(nixtui)
    files = chosen(repository.files, arguments.file, repository, nixtui)
    if not arguments.file:
        files = [each for each in files if drift_of(each).other and not is_age(each)]
    runner = await runner_here(nixtui)
    work = plan_reencrypt(repository, files, runner.identities.recipients, allowed=arguments.allow)
    return await propose(nixtui, Prepared(nixtui.new_identity(), work.plan, job(work, runner)), arguments)


async def _verify(arguments: Namespace, nixtui: Assembly) -> Exit:
    if arguments.host:
        return await verify_hosts(arguments, nixtui)
    repository = await repository_here(nixtui)
    runner = await runner_here(nixtui)
    rows = []
    for file in chosen(repository.files, arguments.file, repository, nixtui):
        error = await _problem(runner, file)
        rows.append({"file": file.name, "ok": error is None, "detail": str(error) if error else None})
    if arguments.json:
        print_json(rows)
    else:
        print_table(("FILE", ""), [(str(row["file"]), str(row["detail"] or "decrypts, and is whole")) for row in rows])
    failed = sum(not row["ok"] for row in rows)
    return Exit.DONE if not failed else Exit.FAILED if failed == len(rows) else Exit.PARTIAL


async def _problem(runner: Runner, file: SecretFile) -> SecretsError | None:
    if file.problem is not None:
        return file.problem
    try:
        if is_age(file):
            (await reveal_age(runner.identities, file.path, file.name)).wipe()
        else:
            words = ["decrypt", "--input-type", file.format.value, str(file.path)]
            (await runner.run(words, directory=file.path.parent, file=file.name)).wipe()
    except SecretsError as error:
        return error
    return None


VERBS = {
    "updatekeys": _updatekeys,
    "rekey": _updatekeys,
    "rotate": _rotate,
    "reencrypt": _reencrypt,
    "verify": _verify,
}
