"""`.sops.yaml`: which files are encrypted to whom, and what people call the recipients.

The schema is that of sops' `config/config.go`. Unknown keys are a problem here: sops ignores them, and a misspelt
`path_regx` makes a rule match everything.
"""

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

import msgspec

from nixtui.secrets.document import Scope
from nixtui.secrets.errors import SecretsError, Trouble
from nixtui.secrets.recipient import Recipient, age_recipient, kms

NAME: Final = ".sops.yaml"

_CRYPT: Final = tuple(name for name in Scope.__struct_fields__ if name != "mac_only_encrypted")
_KEYS: Final = ("kms", "age", "pgp", "gcp_kms", "azure_keyvault", "hc_vault_transit_uri")
_KNOWN: Final = frozenset(
    ("path_regex", "aws_profile", "key_groups", "shamir_threshold", "mac_only_encrypted", *_CRYPT, *_KEYS)
)


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One creation rule; the first that matches a file is its rule. `written` is the rule as sops reads it."""

    number: int
    path_regex: str | None
    groups: tuple[tuple[Recipient, ...], ...]
    threshold: int | None
    scope: Scope
    written: Mapping[str, Any]

    def matches(self, relative: str) -> bool:
        """Whether it is for the file, relative to the directory of the rules; unanchored, as in sops."""
        return self.path_regex is None or re.search(self.path_regex, relative) is not None

    @property
    def is_for_everything(self) -> bool:
        """Whether it also matches what nobody would encrypt; such a rule says nothing about which files are secret."""
        return self.matches("flake.nix") and self.matches("hosts/a.b")

    @property
    def recipients(self) -> tuple[Recipient, ...]:
        """Everybody it names."""
        return tuple(dict.fromkeys(each for group in self.groups for each in group))

    def config(self) -> bytes:
        """A `.sops.yaml` with this rule for every file: copies have other names than the files they become."""
        import yaml

        rule = {name: value for name, value in self.written.items() if name != "path_regex"}
        return yaml.safe_dump({"creation_rules": [rule]}).encode()


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """A `.sops.yaml`. `names` are the YAML anchors of recipients; `problems` what sops would not tell."""

    path: Path
    rules: tuple[Rule, ...]
    names: Mapping[str, str]
    problems: tuple[str, ...] = ()

    def rule_for(self, file: Path) -> Rule | None:
        """The rule of a file, given as an absolute path; a file elsewhere is matched by all of it, as sops does."""
        base = self.path.parent
        relative = str(file.relative_to(base)) if file.is_relative_to(base) else str(file)
        return next((rule for rule in self.rules if rule.matches(relative)), None)


def read_rules(path: Path) -> Rules:
    """Raises `SecretsError` with the line where it can be told."""
    try:
        text = path.read_text(errors="replace")
    except OSError as error:
        raise SecretsError(Trouble.BAD_RULES, f"{path.name}: {error.strerror}") from error
    return parse_rules(path, text)


def parse_rules(path: Path, text: str) -> Rules:
    """What `text` means as the content of `path`. Raises `SecretsError`."""
    import yaml

    try:
        tree = yaml.safe_load(text) or {}
        names = _anchors(text)
        written = tree.get("creation_rules") or []
        numbered = [(number, each) for number, each in enumerate(written, 1) if isinstance(each, dict)]
        rules = tuple(_rule(number, each) for number, each in numbered)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f":{mark.line + 1}" if mark else ""
        raise SecretsError(Trouble.BAD_RULES, f"{path.name}{where}: no valid YAML", "correct its syntax") from error
    except (re.error, AttributeError, TypeError, ValueError) as error:
        raise SecretsError(Trouble.BAD_RULES, f"{path.name}: {error}", "compare with sops' documentation") from error
    problems = tuple(problem for number, each in numbered for problem in _problems(path, number, each))
    return Rules(path=path, rules=rules, names=names, problems=problems)


def _anchors(text: str) -> dict[str, str]:
    import yaml

    events = yaml.parse(text, Loader=getattr(yaml, "CBaseLoader", yaml.BaseLoader))
    return {
        age_recipient(event.value).identity: event.anchor
        for event in events
        if isinstance(event, yaml.ScalarEvent) and event.anchor
    }


def _rule(number: int, written: Mapping[str, Any]) -> Rule:
    pattern = written.get("path_regex") or None
    if pattern is not None:
        re.compile(pattern)
    if groups := written.get("key_groups"):
        found = tuple(tuple(_of_group(each)) for each in groups)
    else:
        found = (tuple(_flat(written)),)
    scope = {name: written[name] for name in _CRYPT if written.get(name)}
    if not scope:
        scope = {"unencrypted_suffix": "_unencrypted"}
    return Rule(
        number=number,
        path_regex=pattern,
        groups=found,
        threshold=written.get("shamir_threshold") or None,
        scope=Scope(**scope, mac_only_encrypted=bool(written.get("mac_only_encrypted"))),
        written=written,
    )


def _flat(rule: Mapping[str, Any]) -> Iterable[Recipient]:
    for text in _listed(rule.get("kms")):
        arn, _, role = text.partition("+")
        yield kms(arn, role or None, None)
    for kind, field in (("gcp_kms", "gcp_kms"), ("azure_kv", "azure_keyvault"), ("hc_vault", "hc_vault_transit_uri")):
        yield from (Recipient(kind, text) for text in _listed(rule.get(field)))
    yield from map(age_recipient, _listed(rule.get("age")))
    yield from (Recipient("pgp", text) for text in _listed(rule.get("pgp")))


def _of_group(group: Mapping[str, Any]) -> Iterable[Recipient]:
    for each in group.get("kms") or ():
        yield kms(each.get("arn", ""), each.get("role"), each.get("context"))
    for each in group.get("gcp_kms") or ():
        yield Recipient("gcp_kms", str(each.get("resource_id", "")))
    for each in group.get("azure_keyvault") or ():
        parts = (each.get("vaultUrl") or each.get("vault_url", ""), each.get("key", ""), each.get("version", ""))
        yield Recipient("azure_kv", "/".join(map(str, parts)))
    yield from (Recipient("hc_vault", str(each)) for each in group.get("hc_vault") or ())
    yield from map(age_recipient, _listed(group.get("age")))
    yield from (Recipient("pgp", text) for text in _listed(group.get("pgp")))
    for merged in group.get("merge") or ():
        yield from _of_group(merged)


def _listed(value: Any) -> list[str]:
    """A list, or text with commas; lists may be nested, as YAML anchors of lists are."""
    if value is None:
        return []
    if isinstance(value, str):
        return [each.strip() for each in value.split(",") if each.strip()]
    return [text for each in value for text in _listed(each)]


def _problems(path: Path, number: int, written: Mapping[str, Any]) -> Iterable[str]:
    for name in written:
        if name not in _KNOWN:
            near = get_close_matches(str(name), _KNOWN, n=1)
            hint = f', did you mean "{near[0]}"?' if near else ""
            yield f"{path.name}: rule {number}: sops ignores {name!r}{hint}"
    if sum(1 for name in _CRYPT if written.get(name)) > 1:
        yield f"{path.name}: rule {number}: sops refuses more than one of {', '.join(_CRYPT)}"
