"""`nixtui secrets history` and `merge`: versions of a file, compared key by key and never shown."""

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from typing import Any

from nixtui.cli.assembly import Assembly
from nixtui.cli.commands.secrets_changing import add_saving, carry_out_edit
from nixtui.cli.exits import Exit, UsageError
from nixtui.cli.output import narrate, plain, print_json, print_table, rfc3339
from nixtui.cli.secrets_here import is_age, repository_here, runner_here
from nixtui.secrets.document import Path
from nixtui.secrets.errors import SecretsError, Trouble
from nixtui.secrets.history import Entry, KeyChange, history
from nixtui.secrets.key_path import key_path, shown_path
from nixtui.secrets.merging import Merge, MergedKey, Side, read_merge
from nixtui.secrets.repository import Repository, no_such_file
from nixtui.secrets.saving import merging_job, plan_merge
from nixtui.secrets.versions import MOST


def add(verbs: Any) -> None:
    """Declare the arguments."""
    past: ArgumentParser = verbs.add_parser("history", help="which commit changed which key; values are not shown")
    past.add_argument("file", metavar="FILE")
    past.add_argument("key", metavar="KEY", nargs="?", help="only this key and what is below it")
    past.add_argument("--most", metavar="N", type=int, default=MOST, help="look at so many commits")
    past.add_argument("--json", action="store_true")
    merging: ArgumentParser = verbs.add_parser("merge", help="merge a file with git's conflict markers, key by key")
    merging.add_argument("file", metavar="FILE")
    for side in Side:
        merging.add_argument(
            f"--{side.value}", metavar="KEY", action="append", default=[], help=f"take the value of {side.value}"
        )
    merging.add_argument("--rest", choices=[each.value for each in Side], help="whose values the other conflicts get")
    add_saving(merging)


async def _history(arguments: Namespace, nixtui: Assembly) -> Exit:
    repository = await repository_here(nixtui)
    file = repository.file(arguments.file, nixtui.surroundings.cwd)
    if file is None:
        raise no_such_file(arguments.file)
    key: Path | None = None
    if arguments.key and not is_age(file):  # also of a file that is broken today: its past may say since when
        key = key_path(arguments.key, file.document) if file.document else tuple(arguments.key.split("/"))
    entries = await history(await runner_here(nixtui), file.path, file.name, key, most=arguments.most)
    if arguments.json:
        print_json([_entry_json(each, repository) for each in entries])
    else:
        for each in entries:
            _print_entry(each, repository)
    return Exit.DONE


def _entry_json(entry: Entry, repository: Repository) -> dict[str, Any]:
    return {
        "commit": entry.commit,
        "at": rfc3339(entry.at),
        "author": entry.author,
        "subject": entry.subject,
        "keys": [
            {
                "key": shown_path(each.path),
                "change": each.what.value,
                "before": each.before,
                "after": each.after,
                "certain": each.is_certain,
            }
            for each in entry.changes
        ],
        "recipients_added": [repository.called(each) for each in entry.recipients_added],
        "recipients_removed": [repository.called(each) for each in entry.recipients_removed],
        "problem": entry.problem,
    }


def _print_entry(entry: Entry, repository: Repository) -> None:
    print(plain(f"{entry.commit[:10]}  {rfc3339(entry.at)}  {entry.author}  {entry.subject}"))
    for each in entry.changes:
        print(plain(f"  {_change_text(each)}"))
    for word, identities in (("reads", entry.recipients_added), ("no longer reads", entry.recipients_removed)):
        for identity in identities:
            print(plain(f"  {word}: {repository.called(identity)}"))
    if entry.problem:
        print(plain(f"  {entry.problem}"))


def _change_text(change: KeyChange) -> str:
    kinds = " → ".join(dict.fromkeys(each for each in (change.before, change.after) if each))
    doubt = "" if change.is_certain else ", or only encrypted anew: none of your keys tells"
    return f"{change.what.value:8} {shown_path(change.path) or 'the value'} ({kinds}){doubt}"


async def _merge(arguments: Namespace, nixtui: Assembly) -> Exit:
    repository = await repository_here(nixtui)
    file = repository.file(arguments.file, nixtui.surroundings.cwd)
    if file is None:
        raise no_such_file(arguments.file)
    if file.problem is not None and file.problem.trouble is not Trouble.CONFLICT:
        raise file.problem
    runner = await runner_here(nixtui)
    merge = await read_merge(runner, file.path, file.name)
    choices = _choices(arguments, merge)
    _say(merge, choices, repository, quiet=arguments.json)
    undecided = [each for each in merge.conflicts if each.path not in choices]
    if undecided and arguments.json:
        print_json({"file": merge.name, "keys": [_key_json(each, choices) for each in merge.keys]})
    if undecided:
        raise SecretsError(
            Trouble.GUARDED,
            f"{merge.name}: both sides changed {', '.join(_called(each) for each in undecided)}",
            "say whose value is taken: --ours KEY, --theirs KEY, or --rest ours",
        )
    more = {"keys": [_key_json(each, choices) for each in merge.keys]}
    job = merging_job(runner, merge, choices)
    status = await carry_out_edit(arguments, nixtui, plan_merge(merge, choices), job, more)
    if status is Exit.DONE and not arguments.dry_run:
        narrate(plain(f"tell git: git add {file.name}"))
    return status


def _choices(arguments: Namespace, merge: Merge) -> Mapping[Path, Side]:
    by_name = {_called(each): each for each in merge.keys}
    found: dict[Path, Side] = {}
    for side in Side:
        for text in getattr(arguments, side.value):
            if text not in by_name:
                raise UsageError(f"{text} is the same on both sides of {merge.name}")
            if found.get(by_name[text].path, side) is not side:
                raise UsageError(f"{text} can be taken from one side only")
            found[by_name[text].path] = side
    if arguments.rest is not None:
        found |= {each.path: Side(arguments.rest) for each in merge.conflicts if each.path not in found}
    return found


def _called(key: MergedKey) -> str:
    return shown_path(key.path) or "-"


def _key_json(key: MergedKey, choices: Mapping[Path, Side]) -> dict[str, Any]:
    side = choices.get(key.path, key.side)
    return {
        "key": _called(key),
        "conflict": key.side is None,
        "take": side.value if side else None,
        "base": key.base,
        "ours": key.ours,
        "theirs": key.theirs,
    }


def _say(merge: Merge, choices: Mapping[Path, Side], repository: Repository, *, quiet: bool) -> None:
    for word, identities in (("theirs", merge.theirs_also), ("ours", merge.ours_also)):
        for identity in identities:
            narrate(plain(f"only {word} is encrypted to {repository.called(identity)}; afterwards: secrets updatekeys"))
    if merge.from_markers:
        narrate("git's index has no versions of it, so the sides come from the markers and their MAC is not checked")
    if quiet or not merge.keys:
        return
    rows = [
        (_called(each), each.base or "–", each.ours or "–", each.theirs or "–", _taken(each, choices))
        for each in merge.keys
    ]
    print_table(("KEY", "BASE", "OURS", "THEIRS", "TAKEN"), rows)


def _taken(key: MergedKey, choices: Mapping[Path, Side]) -> str:
    side = choices.get(key.path, key.side)
    return side.value if side else "conflict"


VERBS = {"history": _history, "merge": _merge}
