"""What sops means when it fails: its exit status and words become one sentence with a remedy.

Statuses are those of sops' `cmd/sops/codes/codes.go`; many failures are a plain 1, so the words count as well. Texts
were seen with sops 3.11.0. The first row that fits wins.
"""

import re
from typing import Final, NamedTuple

from nixtui.model.naming import one_line
from nixtui.secrets.errors import SecretsError, Trouble

_KEPT_LINES: Final = 40
_MAX_LINE: Final = 500


class Row(NamedTuple):
    """Statuses (none: any), a pattern of standard error, and what it means; `{0}` is what the pattern captured."""

    statuses: tuple[int, ...]
    pattern: str
    trouble: Trouble
    reason: str
    remedy: str | None


_KEYS = "put an age key into ~/.config/sops/age/keys.txt, or name its file in SOPS_AGE_KEY_FILE"
_ASK = "ask for kms:Decrypt to read, and kms:Encrypt to change recipients"
_RESTORE = "restore the file from git, or repair it with sops by hand"

ROWS: Final = (
    Row((), r"panic:", Trouble.SOPS_BUG, "sops crashed on this key or file", "the key goes through a value, not a map"),
    Row((), r"not authorized to perform:? ?(\w+:\w+)", Trouble.KMS_DENIED, "AWS does not let you use the KMS key{0}",
        _ASK),
    Row((), r"operation error (\w+: \w+).*AccessDenied|AccessDenied", Trouble.KMS_DENIED,
        "AWS does not let you use the KMS key{0}", _ASK),
    Row((), r"DisabledException", Trouble.KMS_DENIED, "the KMS key is disabled", "enable it in the AWS console"),
    Row((), r"KMSInvalidStateException", Trouble.KMS_DENIED, "the KMS key is disabled or waits for its deletion",
        "enable it, or cancel its deletion, in the AWS console"),
    Row((), r"NotFoundException", Trouble.KMS_DENIED, "there is no such KMS key in this account and region",
        "compare the ARN of the file with the account that you are logged in to"),
    Row((), r"ExpiredToken", Trouble.AWS_CREDENTIALS, "your AWS credentials have expired", "log in to AWS again"),
    Row((), r"InvalidCiphertextException", Trouble.KMS_CONTEXT,
        "the KMS key does not open this file: its encryption context or key is another",
        "compare the context in the file with the one of the rule"),
    Row((6,), r"", Trouble.KMS_CONTEXT, "the KMS encryption context is not valid", "write it as key:value pairs"),
    Row((), r"failed to get shared config profile, (\S+)", Trouble.AWS_PROFILE,
        "the file names an AWS profile that is not here: {0}", "add the profile to ~/.aws/config"),
    Row((), r"(?:no EC2 IMDS role found|failed to refresh cached credentials|get credentials)", Trouble.AWS_CREDENTIALS,
        "there are no AWS credentials for the KMS key", "log in to AWS, or set AWS_PROFILE"),
    Row((), r"(?:connection refused|no such host|i/o timeout|exceeded maximum number of attempts)",
        Trouble.KMS_UNREACHABLE, "the key service cannot be reached", "try again when the network is back"),
    Row((128,), r"Shamir threshold of (\d+)", Trouble.SHAMIR_SHORT,
        "the file needs keys of {0} groups, and you have fewer", "ask somebody of another group to make the change"),
    Row((128,), r"failed to open SOPS_AGE_KEY_FILE", Trouble.KEY_FILE, "the age key file cannot be read",
        "correct SOPS_AGE_KEY_FILE"),
    Row((128,), r"failed to parse '?SOPS_AGE", Trouble.KEY_FILE, "the age key file has no age key in it",
        "a key begins with AGE-SECRET-KEY-1"),
    Row((128,), r"failed to execute command", Trouble.KEY_COMMAND, "the command of SOPS_AGE_KEY_CMD failed",
        "run it by hand"),
    Row((128,), r"(?:/dev/tty|passphrase)", Trouble.LOCKED_KEY,
        "the SSH key has a passphrase, which sops would ask on the terminal", "use an age key, or a key without one"),
    Row((128,), r"did not match any of the recipients", Trouble.WRONG_IDENTITY,
        "none of your keys is a recipient of this file", "ask a recipient to add you, then run updatekeys"),
    Row((128,), r"failed to load age identities", Trouble.NO_IDENTITY, "no key that opens this file was found", _KEYS),
    Row((), r"empty key group|removing (?:the )?last", Trouble.NO_RECIPIENT,
        "nobody would be left to read the file: a rule names no recipient",
        "name a recipient, and look for a misspelt key in .sops.yaml"),
    Row((128,), r"", Trouble.WRONG_IDENTITY, "the data key could not be recovered with your keys", _KEYS),
    Row((), r"has no MAC", Trouble.MAC_MISSING, "the file has no MAC, so nobody can tell whether it was changed",
        _RESTORE),
    Row((51,), r"", Trouble.MAC_MISMATCH, "the file was changed without sops: its MAC does not match", _RESTORE),
    Row((52,), r"", Trouble.MAC_MISSING, "the file has no MAC, so nobody can tell whether it was changed", _RESTORE),
    Row((25,), r"", Trouble.CORRUPT, "a value of the file is damaged or was moved to another key", _RESTORE),
    Row((), r"<<<<<<<", Trouble.CONFLICT, "the file has git's conflict markers", "merge it first"),
    Row((), r"sops metadata not found", Trouble.NOT_ENCRYPTED, "the file is not encrypted",
        "encrypt it with sops first"),
    Row((), r'parsing time ""', Trouble.CORRUPT, "the file has lost sops' lastmodified", _RESTORE),
    Row((203,), r"", Trouble.ENCRYPTED_ALREADY, "the file is encrypted already", None),
    Row((92,), r"", Trouble.EMPTY, "the file is empty", "add a key first"),
    Row((), r"(?:config file not found|no matching creation rules)", Trouble.NO_RULE,
        "no rule of .sops.yaml is for this file", "add a creation rule whose path_regex matches it"),
    Row((), r"(?:error loading config|could not (?:load|unmarshal) config|parsing config)", Trouble.BAD_RULES,
        ".sops.yaml cannot be read", "correct its syntax"),
    Row((), r"threshold must be at least", Trouble.BAD_RULES, "a Shamir threshold is at least 2", "correct .sops.yaml"),
    Row((), r"malformed recipient|Bech32|unknown recipient", Trouble.BAD_RECIPIENT,
        "a recipient of the rule is no age key", "age keys begin with age1, SSH keys with ssh-ed25519 or ssh-rsa"),
    Row((), r"nmarshal", Trouble.SYNTAX, "the file is not valid in its format", _RESTORE),
    Row((2,), r"permission denied", Trouble.UNREADABLE, "the file may not be read", "look at its permissions"),
    Row((2, 100), r"", Trouble.UNREADABLE, "the file cannot be read", "look whether it is there"),
    Row((3,), r"", Trouble.UNWRITABLE, "the file may not be written", "look at its permissions"),
    Row((), r"(?:Key not found|component \[.*\] not found|out of bounds)", Trouble.NO_SUCH_KEY,
        "the file has no such key", "nixtui secrets list shows the keys of a file"),
    Row((91,), r"", Trouble.BAD_KEY, "sops does not understand this key", None),
    Row((7,), r"", Trouble.BAD_VALUE, "sops does not accept this key or value", None),
    Row((4,), r"", Trouble.BAD_VALUE, "the format of the file cannot hold such a value", "dotenv and INI hold strings"),
)  # fmt: skip


def classify(status: int, said: bytes, file: str) -> SecretsError:
    """The error for a sops that ended with `status` and these words, about `file` as people know it."""
    text = printable_lines(said)
    joined = " ".join(line.removeprefix("| ") for line in text)  # sops wraps its lines
    for row in ROWS:
        if row.statuses and status not in row.statuses:
            continue
        if found := re.search(row.pattern, joined):
            return SecretsError(row.trouble, f"{file}: {_filled(row, found)}", row.remedy, text)
    last = text[-1] if text else "no word"
    return SecretsError(Trouble.OTHER, f"{file}: sops ended with status {status}: {last}", None, text)


def _filled(row: Row, found: re.Match[str]) -> str:
    captured = found[1] if found.re.groups and found[1] else ""
    if row.trouble is Trouble.KMS_DENIED and captured:
        captured = f": {_permission(captured)} is missing"
    return row.reason.replace("{0}", captured)


def _permission(captured: str) -> str:
    """`kms:Decrypt`, also of `KMS: Decrypt`, as the SDK calls the operation that was denied."""
    service, _, action = captured.partition(":")
    return f"{service.lower()}:{action.strip()}"


def printable_lines(said: bytes) -> tuple[str, ...]:
    """Standard error as it may be shown: the last lines, without control characters, none too long."""
    lines = said.decode(errors="replace").splitlines()[-_KEPT_LINES:]
    return tuple(one_line(line.strip())[:_MAX_LINE] for line in lines if line.strip())
