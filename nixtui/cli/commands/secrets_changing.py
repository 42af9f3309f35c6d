"""`nixtui secrets set` and `unset`: a value comes on standard input, or is asked for without echo, and never else."""

import asyncio
import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from pathlib import Path as FilePath
from typing import Any

from nixtui.cli.assembly import Assembly
from nixtui.cli.carrying_out import carry_out
from nixtui.cli.exits import Exit, UsageError, exit_for
from nixtui.cli.proposing import NOTHING, print_report, show_plan
from nixtui.cli.secrets_here import Here, file_here, is_age, runner_here
from nixtui.operations.operation import Job, Prepared
from nixtui.operations.plan import Plan
from nixtui.operations.policy import Answer, Consent, Refused
from nixtui.secrets.creating import NewFile, check_new, new_file
from nixtui.secrets.document import Format, Path
from nixtui.secrets.edit import Drop, Edit, Put
from nixtui.secrets.editing import check
from nixtui.secrets.errors import SecretsError, Trouble
from nixtui.secrets.key_path import key_path
from nixtui.secrets.repository import find_root
from nixtui.secrets.safe_file import digest, read_file
from nixtui.secrets.saving import creating_job, plan_age, plan_edits, plan_new, saving_age_job, saving_job
from nixtui.secrets.secret import Secret

ALLOWED = ("plaintext", "replace", "slash", "type")
_LARGEST = 2**20


def add(verbs: Any) -> None:
    """Declare the arguments."""
    setting: ArgumentParser = verbs.add_parser("set", help="give a key the value on standard input")
    unsetting: ArgumentParser = verbs.add_parser("unset", help="take a key away")
    for each in (setting, unsetting):
        each.add_argument("file", metavar="FILE")
        add_saving(each)
    setting.add_argument("key", metavar="KEY", nargs="?", help="like db/password; not for age and binary files")
    unsetting.add_argument("key", metavar="KEY")
    setting.add_argument("--typed", action="store_true", help="the value is JSON, like a number or a list")
    setting.add_argument("--new", action="store_true", help="create the file, by the rule that is for it")
    setting.add_argument("--exact", action="store_true", help="keep the end of line that the value ends with")
    setting.add_argument(
        "--allow", action="append", default=[], choices=ALLOWED, help="what would be refused otherwise"
    )


def add_saving(parser: ArgumentParser) -> None:
    """Declare what every command takes that saves a change of one file."""
    parser.add_argument("--dry-run", action="store_true", help="only the plan")
    parser.add_argument("--json", action="store_true", help="the report as JSON")
    parser.add_argument("--reason", help="for the journal")


async def _set(arguments: Namespace, nixtui: Assembly) -> Exit:
    here = await file_or_new(nixtui, arguments)
    if isinstance(here, NewFile):
        edit = Put(new_key(arguments, here), Secret(b""), arguments.typed)
        may(nixtui, plan_new(here, [edit]))
        value = await read_value(nixtui, arguments.key or here.name, exact=arguments.exact or here.age_rule is not None)
        return await create_file(arguments, nixtui, here, Put(edit.path, value, arguments.typed))
    may(nixtui, plan_age(here.file.name))
    value = await read_value(nixtui, arguments.key or here.file.name, exact=arguments.exact or is_age(here.file))
    if is_age(here.file):
        return await save_age_value(arguments, nixtui, here, value)
    return await save_edits(
        arguments, nixtui, here, Put(key_of(arguments, here), value, arguments.typed), arguments.allow
    )


async def file_or_new(nixtui: Assembly, arguments: Namespace) -> Here | NewFile:
    """A file of the secrets here, or with `--new` what it will be. Raises `SecretsError`."""
    if not arguments.new:
        return await file_here(nixtui, arguments.file)
    cwd = nixtui.surroundings.cwd
    path = await asyncio.to_thread(_place, cwd, arguments.file)
    return await new_file(find_root(cwd), path, nixtui.surroundings.environ)


def _place(cwd: FilePath, text: str) -> FilePath:
    path = FilePath(os.path.normpath(cwd / text))
    if path.exists():
        raise SecretsError(Trouble.GUARDED, f"{text}: the file is there already", "leave --new away")
    return path


def new_key(arguments: Namespace, new: NewFile) -> Path:
    """The path that KEY means in a new file. Raises `UsageError`."""
    if new.age_rule is not None:
        if arguments.key is not None:
            raise UsageError(f"{new.name} is one value and has no keys; leave KEY away")
        return ("data",)
    if arguments.key is None and new.format is not Format.BINARY:
        raise UsageError(f"{new.name} does not exist yet; which key shall it have?")
    return key_path(arguments.key or "data", new.document)


async def create_file(
    arguments: Namespace, nixtui: Assembly, new: NewFile, edit: Put, more: Mapping[str, Any] = NOTHING
) -> Exit:
    """Create a file with its first value; `more` goes into the JSON."""
    allowed = arguments.allow
    check_new(new, [edit], allowed)
    job = creating_job(await runner_here(nixtui), new, [edit], allowed=allowed)
    return await carry_out_edit(arguments, nixtui, plan_new(new, [edit]), job, more)


async def _unset(arguments: Namespace, nixtui: Assembly) -> Exit:
    here = await file_here(nixtui, arguments.file)
    if is_age(here.file):
        raise UsageError(f"{here.file.name} is one value and has no keys")
    return await save_edits(arguments, nixtui, here, Drop(key_of(arguments, here)), ())


def key_of(arguments: Namespace, here: Here) -> Path:
    """The path that KEY means in the file."""
    assert here.file.document is not None
    if arguments.key is None and here.file.format is not Format.BINARY:
        raise UsageError(f"which key? nixtui secrets list {here.file.name} shows them")
    return key_path(arguments.key or "data", here.file.document)


async def save_edits(
    arguments: Namespace, nixtui: Assembly, here: Here, edit: Edit, allowed: Any, more: Mapping[str, Any] = NOTHING
) -> Exit:
    """Make an edit of a sops file; `more` goes into the JSON."""
    assert here.file.document is not None
    file = here.file
    check(here.file.document, [edit], file.name, allowed)
    seen = digest(read_file(file.path, file.name)) if isinstance(edit, Drop) else None
    job = saving_job(await runner_here(nixtui), file.path, file.name, [edit], allowed=allowed, seen=seen)
    return await carry_out_edit(arguments, nixtui, plan_edits(file.name, [edit]), job, more)


async def save_age_value(
    arguments: Namespace, nixtui: Assembly, here: Here, value: Secret, more: Mapping[str, Any] = NOTHING
) -> Exit:
    """Give an age file another value; `more` goes into the JSON."""
    file = here.file
    if arguments.key is not None:
        raise UsageError(f"{file.name} is one value and has no keys; leave KEY away")
    if file.age_rule is None:
        raise SecretsError(Trouble.NO_RULE, f"{file.name}: secrets.nix has no rule for it", "add its publicKeys there")
    job = saving_age_job(await runner_here(nixtui), file.path, file.name, value, file.age_rule)
    return await carry_out_edit(arguments, nixtui, plan_age(file.name), job, more)


async def carry_out_edit(
    arguments: Namespace, nixtui: Assembly, plan: Plan, job: Job, more: Mapping[str, Any] = NOTHING
) -> Exit:
    """The command is the consent: standard input is taken by the value, and git has the file as it was."""
    if arguments.dry_run:
        return show_plan(plan, as_json=arguments.json)
    may(nixtui, plan)
    consent = Consent(Answer.YES_FLAG, reason=arguments.reason)
    report = await carry_out(nixtui, Prepared(nixtui.new_identity(), plan, job), consent)
    print_report(report, plan, as_json=arguments.json, more=more)
    return exit_for(report)


def may(nixtui: Assembly, plan: Plan) -> None:
    """Refuse before a value is asked for."""
    if forbidden := nixtui.policy.forbids(plan):
        raise Refused(forbidden, "start without --read-only")


async def read_value(nixtui: Assembly, what: str, *, exact: bool) -> Secret:
    """The value from standard input, or asked for on a terminal. One end of line goes, as `echo` adds one."""
    if sys.stdin.isatty():
        typed = await nixtui.surroundings.prompter.secret(f"Value of {what}")
        if typed is None:
            raise Refused("no value was given", "nothing was changed")
        return Secret(typed)
    value = Secret(await asyncio.to_thread(sys.stdin.buffer.read, _LARGEST + 1))
    if value.is_longer_than(_LARGEST):
        raise SecretsError(Trouble.TOO_LARGE, "the value is larger than 1 MiB", "secrets are small")
    return value if exact else Secret(value.reveal().removesuffix(b"\n"))


VERBS = {"set": _set, "unset": _unset}
