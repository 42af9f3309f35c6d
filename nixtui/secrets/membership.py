"""Who comes and who goes: a host that is to read files, and a person who is to read none any more. As plans with
everything that changes, the rules first.
"""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import msgspec

from nixtui.operations.plan import Plan, Step, Target
from nixtui.operations.report import Outcome
from nixtui.secrets import agenix, rules
from nixtui.secrets.age_rule_text import with_age_recipient, without_age_recipient
from nixtui.secrets.agenix import AgeRules, read_age_rules
from nixtui.secrets.document import Document, Format
from nixtui.secrets.errors import SecretsError, Trouble
from nixtui.secrets.key_path import shown_path
from nixtui.secrets.recipient import age_recipient, ssh_to_age
from nixtui.secrets.repository import Repository, SecretFile
from nixtui.secrets.rule_text import with_recipient, without_recipient
from nixtui.secrets.rules import Rules, parse_rules, read_rules
from nixtui.secrets.safe_file import digest, read_file
from nixtui.secrets.work import Act, Rewrite, Work, locks_out, opens, update_row


class Departure(msgspec.Struct, frozen=True):
    """What somebody who goes could read: files with their keys. Old clones keep all of it, so these values change."""

    identities: tuple[str, ...]
    readable: Mapping[str, tuple[str, ...]]


class _Changed(msgspec.Struct, frozen=True):
    """Rules as they will be, by the file that has them."""

    rewrites: tuple[Rewrite, ...]
    sops: Mapping[Path, Rules]
    age: Mapping[Path, AgeRules]


async def plan_add_host(
    repository: Repository, host: str, public_key: str, files: Sequence[SecretFile], mine: frozenset[str],
    environ: Mapping[str, str],
) -> Work:  # fmt: skip
    """Make a host with this SSH host key a recipient of files: rules, then the files. Needs a key for each file.

    Other files of the same rules become readable for it as well, which the plan shows. Raises `SecretsError`.
    """
    age_key = ssh_to_age(public_key)
    ruled, aged = _by_rules(repository, files)
    if ruled and age_key is None:
        raise SecretsError(
            Trouble.BAD_RECIPIENT, f"{host} has no ed25519 host key, and sops-nix makes age keys only of those",
            "add services.openssh.hostKeys of type ed25519",
        )  # fmt: skip
    rewrites, sops, age = list[Rewrite](), dict[Path, Rules](), dict[Path, AgeRules]()
    for path, of_rule in ruled.items():
        text = _text(path)
        numbers = {each.rule.number for each in of_rule if each.rule is not None and not _has(each, age_key)}
        if not numbers:
            continue
        after = with_recipient(path, text, numbers, host, age_key or "")
        sops[path] = parse_rules(path, after)
        rewrites.append(_rewrite(repository, path, text, after))
    ssh_key = age_recipient(public_key).identity
    for path, of_age in aged.items():
        before = await read_age_rules(path, environ)
        wanted = [each.path for each in of_age if each.age_rule is not None and not _has(each, ssh_key)]
        if wanted:
            text = _text(path)
            after, age[path] = await with_age_recipient(before, text, wanted, host, ssh_key, environ)
            rewrites.append(_rewrite(repository, path, text, after))
    names = {**repository.names, ssh_key: host, **({age_key: host} if age_key else {})}
    named = msgspec.structs.replace(repository, names=names)
    asked = {each.path for each in files}
    return _plan(Act.ADD_HOST, f"Let {host} read", named, _Changed(tuple(rewrites), sops, age), mine, asked)


def _text(path: Path) -> str:
    try:
        return read_file(path, path.name).decode()
    except UnicodeDecodeError as error:
        raise SecretsError(Trouble.BAD_RULES, f"{path.name}: it is not UTF-8", "correct its encoding") from error


def _has(file: SecretFile, identity: str | None) -> bool:
    wanted = file.rule.recipients if file.rule else file.age_rule.recipients if file.age_rule else ()
    return any(each.identity == identity for each in wanted)


async def plan_offboard(
    repository: Repository, who: str, mine: frozenset[str], environ: Mapping[str, str]
) -> tuple[Work, Departure]:
    """Take somebody out of all rules, encrypt anew for those who stay, with new data keys; and what is known to them.

    `who` is a name as the rules have it, or a recipient. Raises `SecretsError` where nobody is called so, and where
    rules cannot be changed safely.
    """
    identities = {identity for identity, name in repository.names.items() if who in (name, identity)}
    identities |= {each.identity for file in repository.files for each in file.recipients if each.identity == who}
    if not identities:
        known = ", ".join(sorted(set(repository.names.values()))) or "nobody has a name"
        raise SecretsError(Trouble.NO_RECIPIENT, f"no recipient is called {who}", f"known are: {known}")
    rewrites, sops, age = list[Rewrite](), dict[Path, Rules](), dict[Path, AgeRules]()
    ruled, aged = _by_rules(repository, repository.files)
    for path in ruled:
        text = _text(path)
        if any(each in identities for rule in read_rules(path).rules for each in _identities(rule.recipients)):
            after = without_recipient(path, text, identities)
            sops[path] = parse_rules(path, after)
            rewrites.append(_rewrite(repository, path, text, after))
    for path in aged:
        before = await read_age_rules(path, environ)
        if any(each in identities for rule in before.rules.values() for each in _identities(rule.recipients)):
            text = _text(path)
            after, age[path] = await without_age_recipient(before, text, identities, environ)
            rewrites.append(_rewrite(repository, path, text, after))
    readable = {each.name: _keys(each) for each in repository.files if identities & _identities(each.recipients)}
    changed = _Changed(tuple(rewrites), sops, age)
    asked = {each.path for each in repository.files if each.name in readable}
    work = _plan(Act.OFFBOARD, f"{who} reads no longer", repository, changed, mine, asked)
    locked = [each.name for each in work.files.values() if locks_out(each, mine)]
    if locked:
        raise SecretsError(
            Trouble.GUARDED, f"you could not read {', '.join(locked)} any more", "let somebody who stays do it"
        )
    warning = f"{who} keeps whatever was read, and old clones: change these values themselves"
    told = [f"{file}: {', '.join(keys)}" for file, keys in readable.items()]
    plan = msgspec.structs.replace(work.plan, warnings=(*work.plan.warnings, warning, *told) if readable else ())
    return msgspec.structs.replace(work, plan=plan), Departure(tuple(sorted(identities)), readable)


def _identities(recipients: Collection[object]) -> set[str]:
    return {str(getattr(each, "identity", "")) for each in recipients}


def _keys(file: SecretFile) -> tuple[str, ...]:
    leaves = file.document.leaves if file.document is not None and file.format is not Format.BINARY else ()
    return tuple(shown_path(each.path) for each in leaves if each.encrypted) or ("all of it",)


def _by_rules(
    repository: Repository, files: Sequence[SecretFile]
) -> tuple[dict[Path, list[SecretFile]], dict[Path, list[SecretFile]]]:
    """Files by the `.sops.yaml` and the `secrets.nix` that has their rule: the nearest above. Raises `SecretsError`."""
    ruled, aged = dict[Path, list[SecretFile]](), dict[Path, list[SecretFile]]()
    for file in files:
        if file.rule is None and file.age_rule is None:
            continue  # the row of the plan says that there is none
        name, found = (agenix.NAME, aged) if file.age_rule is not None else (rules.NAME, ruled)
        above = [each for each in file.path.parents if each.is_relative_to(repository.root)]
        place = next((each / name for each in above if (each / name).is_file()), None)
        if place is not None:
            found.setdefault(place, []).append(file)
    return ruled, aged


def _rewrite(repository: Repository, path: Path, before: str, after: str) -> Rewrite:
    return Rewrite(path, str(path.relative_to(repository.root)), before.encode(), after.encode())


def _plan(
    act: Act, title: str, repository: Repository, changed: _Changed, mine: frozenset[str], asked: Collection[Path]
) -> Work:
    """The rules, then every file whose recipients are not those of its new rule."""
    files = [_with_new_rule(each, changed) for each in repository.files]
    files = [each for old, each in zip(repository.files, files, strict=True) if each is not old or old.path in asked]
    rows = [Target(name=each.name, after="changed rules", warnings=_diff(each)) for each in changed.rewrites]
    kept = []
    for file in files:
        row = update_row(repository, file, mine, False)
        if not row.refused and file.document is not None and mine:
            row = _if_mine(row, file.document, mine)
        if file.path not in asked:
            if row.refused_as is Outcome.UNCHANGED and row.refused:
                continue
            row = msgspec.structs.replace(row, warnings=(*row.warnings, "has the same rule"))
        elif act is Act.OFFBOARD and row.refused and row.refused_as is Outcome.UNCHANGED:
            row = msgspec.structs.replace(row, refused=None, refused_as=Outcome.REFUSED)  # a new data key all the same
        rows.append(row)
        kept.append(file)
    words = ("sops updatekeys -y FILE", "sops rotate -i FILE") if act is Act.OFFBOARD else ("sops updatekeys -y FILE",)
    steps = (Step("Write the rules"), Step("Encrypt for the recipients of the rules", words),
             Step("Decrypt the copy, compare, and put it in the file's place"))  # fmt: skip
    count = sum(not row.refused for row in rows[len(changed.rewrites) :])
    plan = Plan(
        kind=act.value, title=f"{title}: {count} {'file' if count == 1 else 'files'}", targets=tuple(rows), steps=steps
    )
    seen = {each.name: digest(read_file(each.path, each.name)) for each in kept if each.problem is None}
    by_name = {each.name: each for each in changed.rewrites}
    return Work(act, plan, {each.name: each for each in kept}, seen, by_name)


def _if_mine(row: Target, document: Document, mine: frozenset[str]) -> Target:
    if opens(document.groups, document.threshold, mine):
        return row
    return msgspec.structs.replace(
        row, refused="none of your keys opens it", remedy="let one of its recipients run nixtui secrets updatekeys"
    )


def _with_new_rule(file: SecretFile, changed: _Changed) -> SecretFile:
    """The file with its rule as it will be; the very same where that is not among the changed ones."""
    if file.age_rule is not None:
        for by_age in changed.age.values():
            if file.path in by_age.rules and by_age.rules[file.path] != file.age_rule:
                return msgspec.structs.replace(file, age_rule=by_age.rules[file.path])
        return file
    place = next((each / rules.NAME for each in file.path.parents if (each / rules.NAME).is_file()), None)
    if place is None or place not in changed.sops:
        return file
    rule = changed.sops[place].rule_for(file.path)
    return file if rule == file.rule else msgspec.structs.replace(file, rule=rule)


def _diff(rewrite: Rewrite) -> tuple[str, ...]:
    """The lines that come and go."""
    old, new = (text.decode(errors="replace").splitlines() for text in (rewrite.before, rewrite.after))
    gone = [f"- {line.strip()}" for line in old if line not in new]
    come = [f"+ {line.strip()}" for line in new if line not in old]
    return (*gone, *come)
