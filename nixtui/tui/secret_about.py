"""What is known of a file of secrets, in lines: what is wrong, what is not saved, who reads it, what its rule says."""

from collections.abc import Iterator, Sequence

from nixtui.secrets.document import Format
from nixtui.secrets.found import SecretsFound
from nixtui.secrets.repository import SecretFile
from nixtui.tui.notices import trouble_lines
from nixtui.tui.paint import Line, Role, clean, line, wrap
from nixtui.tui.pending import Pending
from nixtui.tui.secret_rows import FileRow, called


def nothing_here(found: SecretsFound | Exception) -> Sequence[Line]:
    """What stands there instead of files: why, and what to do next."""
    if isinstance(found, Exception):
        return [*trouble_lines(found), line(("ctrl+r", Role.KEY), (" looks again", Role.MUTED))]
    where = clean(str(found.repository.root))
    lines = [line("There are no secrets in ", (where, Role.STRONG), ".")]
    lines += [line(("✖ ", Role.BAD), (clean(each), Role.WARN)) for each in found.repository.problems[:5]]
    return [
        *lines,
        line(("Files of sops are found by .sops.yaml and by what is in them, those of agenix", Role.MUTED)),
        line(("by secrets.nix; start nixtui in their repository, or name it in [fleet] flake.", Role.MUTED)),
        line(
            ("To begin: write a .sops.yaml, then ", Role.MUTED),
            ("C", Role.KEY),
            (" creates a file, as does", Role.MUTED),
        ),
        line(("sops encrypt -i secrets.yaml", Role.KEY)),
        line(("ctrl+r", Role.KEY), (" looks again", Role.MUTED)),
    ]


def about_file(found: SecretsFound, row: FileRow, pending: Pending | None, cells: int) -> list[Line]:
    """The lines, what one has to act on first."""
    lines = [
        *_problem(row, cells),
        *_pending(pending, cells),
        *_drift(found, row, cells),
        *_readers(found, row, cells),
        *_rule(row.file, cells),
    ]
    return lines + [line for each in found.repository.problems for line in wrap(f"! {each}", cells, Role.WARN)]


def _problem(row: FileRow, cells: int) -> Iterator[Line]:
    if (problem := row.file.problem) is not None:
        yield from wrap(f"✖ {problem.reason}", cells, Role.BAD)
        if problem.remedy:
            yield from wrap(f"→ {problem.remedy}", cells, Role.ACCENT)


def _pending(pending: Pending | None, cells: int) -> Iterator[Line]:
    if pending is None or not pending.edits:
        return
    whole = pending.file.format is Format.AGE
    by_word: dict[str, list[str]] = {}
    for each in pending.edits:
        by_word.setdefault(pending.word(each.path) or "set", []).append("/".join(map(str, each.path)))
    told = "  ".join(f"{word} {', '.join(keys)}" for word, keys in by_word.items())
    yield from wrap(f"● not saved: {'another value' if whole else told}", cells, Role.ACCENT)
    if pending.is_overtaken:
        also = f", and {', '.join(sorted(pending.also))} as well, which saving overwrites" if pending.also else ""
        yield from wrap(f"! somebody else changed the file since{also}", cells, Role.WARN)
    saves, undoes = (" saves it as one change, ", Role.MUTED), (" undoes", Role.MUTED)
    yield line(("ctrl+s", Role.KEY), saves, ("U", Role.KEY), undoes)


def _drift(found: SecretsFound, row: FileRow, cells: int) -> Iterator[Line]:
    if row.drift is None or not row.drift.is_any or row.file.problem is not None:
        return
    parts = [f"{called(found.repository, each)} should read it and cannot" for each in row.drift.missing]
    parts += [f"{called(found.repository, each)} reads it and should not" for each in row.drift.extra]
    for each in (*parts, *row.drift.other):
        yield from wrap(f"≠ {each}", cells, Role.WARN)
    if parts:
        yield line(("u", Role.KEY), (" brings it to its rule", Role.MUTED))
    elif row.file.rule is not None:
        yield line(("E", Role.KEY), (" encrypts it anew by its rule", Role.MUTED))


def _readers(found: SecretsFound, row: FileRow, cells: int) -> Iterator[Line]:
    if row.file.problem is not None:
        return
    names = [
        called(found.repository, each.identity) + (" (you)" if each.identity in found.mine else "")
        for each in row.file.recipients
    ]
    yield from wrap(f"read by {', '.join(names)}" if names else "nobody known reads it", cells, Role.TEXT)
    document = row.file.document
    if document is not None and len(document.groups) > 1:
        yield from wrap(f"{document.threshold or 'all'} of {len(document.groups)} key groups are needed", cells)
    if row.opens is False:
        yield from wrap("none of your keys opens it: values can be neither read nor changed here", cells, Role.WARN)


def _rule(file: SecretFile, cells: int) -> Iterator[Line]:
    if file.rule is not None:
        what = file.rule.path_regex or "everything"
        yield from wrap(f"rule {file.rule.number} of .sops.yaml, for {what}", cells, Role.MUTED)
    elif file.age_rule is not None:
        yield line(("rule of secrets.nix", Role.MUTED))
    if file.document is not None and file.document.last_modified:
        yield line(
            (f"changed {clean(file.document.last_modified)} by sops {clean(file.document.version or '')}", Role.MUTED)
        )
