"""`nixtui secrets list`, `show`, `recipients` and `drift`: everything that changes nothing."""

import os
import sys
from argparse import ArgumentParser, Namespace
from typing import Any

from nixtui.cli.assembly import Assembly
from nixtui.cli.exits import Exit, UsageError
from nixtui.cli.output import print_json, print_table, shown
from nixtui.cli.secrets_here import file_here, is_age, repository_here, runner_here
from nixtui.operations.policy import Refused
from nixtui.secrets.agenix import reveal_age
from nixtui.secrets.editing import reveal
from nixtui.secrets.errors import SecretsError, Trouble
from nixtui.secrets.identities import load_identities
from nixtui.secrets.key_path import key_path, shown_path
from nixtui.secrets.repository import SecretFile, drift_of
from nixtui.secrets.secret import Secret


def add(verbs: Any) -> None:
    """Declare the arguments."""
    listing: ArgumentParser = verbs.add_parser("list", help="the files, or the keys of one; needs no key")
    listing.add_argument("file", metavar="FILE", nargs="?")
    showing: ArgumentParser = verbs.add_parser("show", help="one value, on standard output")
    showing.add_argument("file", metavar="FILE")
    showing.add_argument("key", metavar="KEY", nargs="?", help="like db/password; not for age and binary files")
    showing.add_argument("--reveal", action="store_true", help="also where standard output is a terminal")
    recipients: ArgumentParser = verbs.add_parser("recipients", help="who can read what; needs no key")
    recipients.add_argument("file", metavar="FILE", nargs="?")
    drift: ArgumentParser = verbs.add_parser("drift", help="files whose recipients are not those of their rule")
    drift.add_argument("file", metavar="FILE", nargs="*")
    for each in (listing, showing, recipients, drift):
        each.add_argument("--json", action="store_true")


async def _list(arguments: Namespace, nixtui: Assembly) -> Exit:
    if arguments.file is not None:
        return await _list_keys(arguments, nixtui)
    repository = await repository_here(nixtui)
    rows = [
        {
            "file": each.name,
            "format": each.format.value,
            "keys": each.keys,
            "recipients": [repository.called(recipient.identity) for recipient in each.recipients],
            "problem": each.problem.reason if each.problem else None,
        }
        for each in repository.files
    ]
    if arguments.json:
        print_json(rows)
    elif rows:
        table = [
            (
                each.name,
                each.format.value,
                shown(each.keys),
                each.problem.reason
                if each.problem
                else ", ".join(repository.called(one.identity) for one in each.recipients),
            )
            for each in repository.files
        ]
        print_table(("FILE", "FORMAT", "KEYS", "RECIPIENTS"), table)
    return Exit.DONE


async def _list_keys(arguments: Namespace, nixtui: Assembly) -> Exit:
    here = await file_here(nixtui, arguments.file)
    leaves = here.file.document.leaves if here.file.document else ()
    if arguments.json:
        print_json(
            [
                {
                    "key": shown_path(leaf.path),
                    "type": leaf.kind,
                    "length": leaf.length_class,
                    "encrypted": leaf.encrypted,
                }
                for leaf in leaves
            ]
        )
    else:
        rows = [
            (shown_path(leaf.path), leaf.kind, leaf.length_class, "" if leaf.encrypted else "in plaintext")
            for leaf in leaves
        ]
        print_table(("KEY", "TYPE", "LENGTH", ""), rows)
    return Exit.DONE


async def _show(arguments: Namespace, nixtui: Assembly) -> Exit:
    here = await file_here(nixtui, arguments.file)
    file = here.file
    if sys.stdout.isatty() and not arguments.reveal:
        raise Refused("standard output is a terminal, where others may read it", "--reveal shows it nevertheless")
    if is_age(file):
        if arguments.key:
            raise UsageError(f"{file.name} is one value and has no keys; leave KEY away")
        value = await reveal_age(await load_identities(nixtui.surroundings.environ), file.path, file.name)
    else:
        assert file.document is not None
        if not arguments.key and file.format.value != "binary":
            raise UsageError(f"which key? nixtui secrets list {file.name} shows them")
        key = key_path(arguments.key or "data", file.document)
        value = await reveal(await runner_here(nixtui), file.path, file.name, key)
    _print_value(value, as_json=arguments.json)
    return Exit.DONE


def _print_value(value: Secret, *, as_json: bool) -> None:
    """The bytes as they are, with the end of line that a terminal wants."""
    if as_json:
        if not value.is_text:
            raise SecretsError(
                Trouble.BAD_VALUE, "the value is not UTF-8 and has no place in JSON", "leave --json away"
            )
        print_json({"value": value.text()})
        return
    sys.stdout.flush()
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as out:
        out.write(value.reveal())
        if sys.stdout.isatty():
            out.write(b"\n")


async def _recipients(arguments: Namespace, nixtui: Assembly) -> Exit:
    repository = await repository_here(nixtui)
    files = [repository.file(arguments.file, nixtui.surroundings.cwd)] if arguments.file else list(repository.files)
    by_recipient: dict[tuple[str, str], list[str]] = {}
    for file in files:
        if file is None:
            raise SecretsError(Trouble.NO_SUCH_FILE, f"{arguments.file}: no file with secrets", "nixtui secrets list")
        for each in file.recipients:
            by_recipient.setdefault((each.kind, each.identity), []).append(file.name)
    mine = (await load_identities(nixtui.surroundings.environ)).recipients
    rows = [
        {
            "recipient": identity,
            "kind": kind,
            "name": repository.names.get(identity),
            "mine": identity in mine,
            "files": names,
        }
        for (kind, identity), names in by_recipient.items()
    ]
    if arguments.json:
        print_json(rows)
    else:
        lines = [
            (
                str(row["name"] or "–"),
                str(row["kind"]),
                str(row["recipient"]),
                "you" if row["mine"] else "",
                ", ".join(names),
            )
            for row, names in zip(rows, by_recipient.values(), strict=True)
        ]
        print_table(("NAME", "KIND", "RECIPIENT", "", "FILES"), lines)
    return Exit.DONE


async def _drift(arguments: Namespace, nixtui: Assembly) -> Exit:
    repository = await repository_here(nixtui)
    found = [drift_of(each) for each in chosen(repository.files, arguments.file, repository, nixtui)]
    found = [each for each in found if each.is_any]
    if arguments.json:
        print_json(
            [
                {
                    "file": each.file,
                    "missing": [repository.called(one) for one in each.missing],
                    "extra": [repository.called(one) for one in each.extra],
                    "other": list(each.other),
                }
                for each in found
            ]
        )
        return Exit.FAILED if found else Exit.DONE
    rows = [
        (
            each.file,
            ", ".join(
                [f"+ {repository.called(one)}" for one in each.missing]
                + [f"- {repository.called(one)}" for one in each.extra]
                + list(each.other)
            ),
        )
        for each in found
    ]
    if rows:
        print_table(("FILE", "WHAT ITS RULE WANTS"), rows)
    return Exit.FAILED if found else Exit.DONE


def chosen(files: tuple[SecretFile, ...], texts: list[str], repository: Any, nixtui: Assembly) -> list[SecretFile]:
    """The files that were named, or all. Raises `SecretsError` for one that is none."""
    if not texts:
        return list(files)
    found = []
    for text in texts:
        file = repository.file(text, nixtui.surroundings.cwd)
        if file is None:
            raise SecretsError(
                Trouble.NO_SUCH_FILE, f"{text}: no file with secrets", "nixtui secrets list shows them all"
            )
        found.append(file)
    return found


VERBS = {"list": _list, "show": _show, "recipients": _recipients, "drift": _drift}
