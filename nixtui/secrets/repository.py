"""The secrets of a repository: its files, their rules, and the names of their recipients. Decrypts nothing."""

import asyncio
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec

from nixtui.secrets import agenix, rules
from nixtui.secrets.agenix import AgeRule, AgeRules, age_drift, read_age_rules, read_stanzas
from nixtui.secrets.document import MAX_FILE, Document, Format, read_document
from nixtui.secrets.errors import SecretsError, Trouble
from nixtui.secrets.recipient import Recipient
from nixtui.secrets.rules import Rule, Rules, read_rules
from nixtui.secrets.safe_file import PREFIX, read_file

_MAX_ENTRIES: Final = 200_000
_SKIPPED: Final = frozenset({"node_modules", "result", "__pycache__", "target"})
_ENDINGS: Final = frozenset({".yaml", ".yml", ".json", ".env", ".ini"})
_MARKS: Final = (b"ENC[AES256_GCM", b"sops")


class SecretFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file with secrets. `name` is its path as people write it, from the root. `problem` is why it cannot be read.

    `recipients` are those it is really encrypted to, as far as that is visible; of age files those of the rule that
    may be.
    """

    path: Path
    name: str
    format: Format
    recipients: tuple[Recipient, ...] = ()
    keys: int | None = None
    document: Document | None = None
    rule: Rule | None = None
    age_rule: AgeRule | None = None
    problem: SecretsError | None = None


class Drift(msgspec.Struct, frozen=True):
    """How a file differs from its rule: recipients by identity, and what else in words."""

    file: str
    missing: tuple[str, ...]
    extra: tuple[str, ...]
    other: tuple[str, ...]

    @property
    def is_any(self) -> bool:
        """Whether there is something to do."""
        return bool(self.missing or self.extra or self.other)


class Repository(msgspec.Struct, frozen=True, kw_only=True):
    """Everything found under `root`. `names` are by recipient; `problems` are of rules, in words."""

    root: Path
    files: tuple[SecretFile, ...]
    names: Mapping[str, str]
    problems: tuple[str, ...] = ()

    def file(self, text: str, cwd: Path) -> SecretFile | None:
        """The file that a person means: a path from where they are, or from the root."""
        wanted = {os.path.normpath(cwd / text), os.path.normpath(self.root / text)}
        return next((each for each in self.files if str(each.path) in wanted), None)

    def called(self, identity: str) -> str:
        """What people call a recipient; its own identity where nobody gave it a name."""
        return self.names.get(identity, identity)


def find_root(cwd: Path) -> Path:
    """The directory with the outermost rules or the repository above `cwd`; `cwd` itself where there is none."""
    for directory in (cwd, *cwd.parents):
        if (directory / ".git").exists():
            return directory
    ruled = [each for each in (cwd, *cwd.parents) if (each / rules.NAME).is_file() or (each / agenix.NAME).is_file()]
    return ruled[-1] if ruled else cwd


async def look_around(root: Path, environ: Mapping[str, str]) -> Repository:
    """Find and read everything; Nix evaluates `secrets.nix` meanwhile."""
    entries = await asyncio.to_thread(lambda: list(_walk(root)))
    by_nix = [path for path in entries if path.name == agenix.NAME]
    problems = list[str]()
    async with asyncio.TaskGroup() as reading:
        evaluated = [reading.create_task(_age_rules(path, environ)) for path in by_nix]
        sops = reading.create_task(asyncio.to_thread(_sops_rules, entries, problems))
    aged = [task.result() for task in evaluated]
    problems += [str(each) for each in aged if isinstance(each, SecretsError)]
    by_path = {path: rule for each in aged if isinstance(each, AgeRules) for path, rule in each.rules.items()}
    found = await asyncio.to_thread(_files, root, entries, sops.result(), by_path)
    names = dict[str, str]()
    for anchors in sops.result().values():
        names |= anchors.names
    for bindings in aged:
        names |= bindings.names if isinstance(bindings, AgeRules) else {}
    return Repository(root=root, files=found, names=names, problems=tuple(problems))


async def _age_rules(path: Path, environ: Mapping[str, str]) -> AgeRules | SecretsError:
    try:
        return await read_age_rules(path, environ)
    except SecretsError as error:
        return error


def _walk(root: Path) -> Iterator[Path]:
    """Regular files in order of name; links are not followed, as they could lead anywhere."""
    count = 0
    for directory, below, names in os.walk(root):
        below[:] = sorted(each for each in below if not each.startswith(".") and each not in _SKIPPED)
        for name in sorted(names):
            count += 1
            if count > _MAX_ENTRIES:
                return
            if not name.startswith(PREFIX):
                yield Path(directory, name)


def _sops_rules(entries: list[Path], problems: list[str]) -> dict[Path, Rules]:
    found = {}
    for path in entries:
        if path.name == rules.NAME:
            try:
                found[path.parent] = read_rules(path)
                problems += found[path.parent].problems
            except SecretsError as error:
                problems.append(str(error))
    return found


def _files(
    root: Path, entries: list[Path], ruled: Mapping[Path, Rules], aged: Mapping[Path, AgeRule]
) -> tuple[SecretFile, ...]:
    found: list[SecretFile | None] = []
    for path in entries:
        name = str(path.relative_to(root))
        if path.suffix == ".age":
            found.append(_age_file(path, name, aged.get(path)))
        elif path.name not in (rules.NAME, rules.NAME.replace("yaml", "yml")):
            nearest = next((ruled[each] for each in path.parents if each in ruled), None)
            rule = nearest.rule_for(path) if nearest else None
            if _is_named_by(rule) or path.suffix in _ENDINGS:
                found.append(_sops_file(path, name, rule))
    return tuple(each for each in found if each is not None)


def _is_named_by(rule: Rule | None) -> bool:
    return rule is not None and not rule.is_for_everything


def _age_file(path: Path, name: str, rule: AgeRule | None) -> SecretFile:
    try:
        stanzas = read_stanzas(read_file(path, name), name)
    except SecretsError as error:
        return SecretFile(path=path, name=name, format=Format.AGE, age_rule=rule, problem=error)
    named = rule.recipients if rule else ()
    recipients = tuple(each for each in named if stanzas.opens_for(each) is not False)
    return SecretFile(path=path, name=name, format=Format.AGE, keys=1, recipients=recipients, age_rule=rule)


def _sops_file(path: Path, name: str, rule: Rule | None) -> SecretFile | None:
    """`None` for what has nothing to do with sops: neither its marks nor a rule that names it."""
    written = Format.of(name)
    try:
        if path.stat().st_size > MAX_FILE:
            return None
        content = read_file(path, name)
        if not all(mark in content for mark in _MARKS) and not _is_named_by(rule):
            return None
        document = read_document(content, name)
    except OSError:
        return None
    except SecretsError as error:
        return SecretFile(path=path, name=name, format=written, rule=rule, problem=error)
    return SecretFile(
        path=path, name=name, format=written, recipients=document.recipients, keys=len(document.leaves),
        document=document, rule=rule,
    )  # fmt: skip


def drift_of(file: SecretFile) -> Drift:
    """How a file differs from its rule, without a key. sops compares neither selectors nor threshold; this does."""
    if file.problem is not None:
        return Drift(file.name, (), (), (file.problem.reason.removeprefix(f"{file.name}: "),))
    if file.format is Format.AGE:
        if file.age_rule is None:
            return Drift(file.name, (), (), ("secrets.nix has no rule for it",))
        missing, extra = age_drift(read_file(file.path, file.name), file.name, file.age_rule)
        return Drift(file.name, tuple(missing), tuple(extra), ())
    if file.document is None or file.rule is None:
        return Drift(file.name, (), (), ("no rule of .sops.yaml is for it",))
    return _sops_drift(file.name, file.document, file.rule)


def _sops_drift(name: str, document: Document, rule: Rule) -> Drift:
    wanted, found = rule.recipients, document.recipients
    missing = tuple(each.identity for each in wanted if each not in found)
    extra = tuple(each.identity for each in found if each not in wanted)
    other = []
    if not missing and not extra and [set(each) for each in document.groups] != [set(each) for each in rule.groups]:
        other.append("the recipients are in other key groups")
    if document.threshold != rule.threshold and len(rule.groups) > 1:
        other.append(f"the threshold is {document.threshold or 'all'}, by the rule {rule.threshold or 'all'}")
    if document.scope != rule.scope and document.format is not Format.BINARY:
        other.append("which values are encrypted differs from the rule; only encrypting it anew changes that")
    return Drift(name, missing, extra, tuple(other))


def no_such_file(text: str) -> SecretsError:
    """For a file that is none of the repository's secrets."""
    return SecretsError(Trouble.NO_SUCH_FILE, f"{text}: no file with secrets", "nixtui secrets list shows them all")
