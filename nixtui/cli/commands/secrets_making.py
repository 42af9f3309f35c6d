"""`nixtui secrets generate` and `rename`: values that nobody types, and keys with other names."""

from argparse import ArgumentParser, Namespace
from typing import Any

from nixtui.cli.assembly import Assembly
from nixtui.cli.commands.secrets_changing import (
    ALLOWED,
    add_saving,
    carry_out_edit,
    create_file,
    file_or_new,
    key_of,
    may,
    new_key,
    read_value,
    save_age_value,
    save_edits,
)
from nixtui.cli.exits import Exit, UsageError
from nixtui.cli.output import narrate, plain
from nixtui.cli.secrets_here import Here, file_here, is_age, runner_here
from nixtui.secrets.creating import NewFile
from nixtui.secrets.document import Format
from nixtui.secrets.edit import Put
from nixtui.secrets.errors import SecretsError, Trouble
from nixtui.secrets.generating import LENGTH, Generated, Made, generate, hash_password
from nixtui.secrets.key_path import key_path, shown_path
from nixtui.secrets.renaming import ALLOWED as RENAMING_ALLOWS
from nixtui.secrets.renaming import rename_edits
from nixtui.secrets.saving import plan_age, plan_edits, saving_job


def add(verbs: Any) -> None:
    """Declare the arguments."""
    generating: ArgumentParser = verbs.add_parser(
        "generate", help="give a key a new password, key or hash; public halves are printed"
    )
    generating.add_argument("file", metavar="FILE")
    generating.add_argument("key", metavar="KEY", nargs="?", help="like db/password; not for age and binary files")
    generating.add_argument(
        "--kind", choices=[each.value for each in Made], default=Made.PASSWORD.value,
        help="what; for hashed-password the password comes on standard input, or is asked for",
    )  # fmt: skip
    generating.add_argument("--new", action="store_true", help="create the file, by the rule that is for it")
    generating.add_argument("--length", type=int, default=LENGTH, help="signs of a password, bytes of hex")
    generating.add_argument(
        "--allow", action="append", default=[], choices=("overwrite", *ALLOWED), help="what would be refused otherwise"
    )
    renaming: ArgumentParser = verbs.add_parser("rename", help="give a key another name, with all that is below it")
    renaming.add_argument("file", metavar="FILE")
    renaming.add_argument("key", metavar="KEY")
    renaming.add_argument("to", metavar="NEW", help="the whole new key, like db/token")
    renaming.add_argument(
        "--allow", action="append", default=[], choices=ALLOWED, help="what would be refused otherwise"
    )
    for each in (generating, renaming):
        add_saving(each)


async def _generate(arguments: Namespace, nixtui: Assembly) -> Exit:
    here = await file_or_new(nixtui, arguments)
    if isinstance(here, NewFile):
        key = new_key(arguments, here)
        may(nixtui, plan_age(here.name))
        made = await _made(arguments, nixtui, arguments.key or here.name)
        more = {"kind": arguments.kind, "public": made.public}
        return _tell_public(arguments, made, await create_file(arguments, nixtui, here, Put(key, made.value), more))
    may(nixtui, plan_age(here.file.name))
    what = arguments.key or here.file.name
    if "overwrite" not in arguments.allow and _has_value(arguments, here):
        raise SecretsError(
            Trouble.GUARDED, f"{here.file.name}: {what} has a value, which would be lost", "--allow overwrite"
        )
    made = await _made(arguments, nixtui, what)
    more = {"kind": arguments.kind, "public": made.public}
    if is_age(here.file):
        status = await save_age_value(arguments, nixtui, here, made.value, more)
    else:
        edit = Put(key_of(arguments, here), made.value)
        status = await save_edits(arguments, nixtui, here, edit, arguments.allow, more)
    return _tell_public(arguments, made, status)


def _tell_public(arguments: Namespace, made: Generated, status: Exit) -> Exit:
    """What everybody may know of it, once it is saved."""
    if status is Exit.DONE and made.public is not None and not arguments.json and not arguments.dry_run:
        print(made.public) if arguments.kind != Made.HASHED_PASSWORD else narrate(f"hashed with {plain(made.public)}")
    return status


def _has_value(arguments: Namespace, here: Here) -> bool:
    """A file that is one value always has one."""
    if here.file.document is None or here.file.format is Format.BINARY:
        return True
    return bool(here.file.document.below(key_of(arguments, here)))


async def _made(arguments: Namespace, nixtui: Assembly, what: str) -> Generated:
    kind = Made(arguments.kind)
    if kind is Made.HASHED_PASSWORD:
        password = await read_value(nixtui, f"the password whose hash becomes {what}", exact=False)
        return await hash_password(password, nixtui.surroundings.environ)
    return await generate(kind, length=arguments.length, comment=what)


async def _rename(arguments: Namespace, nixtui: Assembly) -> Exit:
    here = await file_here(nixtui, arguments.file)
    if is_age(here.file) or here.file.document is None:
        raise UsageError(f"{here.file.name} is one value and has no keys")
    file = here.file
    assert file.document is not None
    key, to = key_path(arguments.key, file.document), key_path(arguments.to, file.document)
    may(nixtui, plan_edits(file.name, []))
    runner = await runner_here(nixtui)
    edits, seen = await rename_edits(runner, file.path, file.name, key, to)
    allowed = (*RENAMING_ALLOWS, *arguments.allow)
    job = saving_job(runner, file.path, file.name, edits, allowed=allowed, seen=seen)
    plan = plan_edits(file.name, edits, title=f"Rename {shown_path(key)} of {file.name} to {shown_path(to)}")
    return await carry_out_edit(arguments, nixtui, plan, job)


VERBS = {"generate": _generate, "rename": _rename}
