"""What can go wrong with secrets. No message ever has a value in it."""

from enum import StrEnum


class Trouble(StrEnum):
    """What kind of trouble it is; the command line makes exit statuses of it, a screen makes offers."""

    NO_IDENTITY = "no identity"
    WRONG_IDENTITY = "wrong identity"
    KEY_FILE = "key file"
    KEY_COMMAND = "key command"
    LOCKED_KEY = "locked key"
    SHAMIR_SHORT = "too few key groups"
    MAC_MISMATCH = "mac mismatch"
    MAC_MISSING = "mac missing"
    CORRUPT = "corrupt"
    NOT_ENCRYPTED = "not encrypted"
    ENCRYPTED_ALREADY = "encrypted already"
    EMPTY = "empty"
    SYNTAX = "syntax"
    CONFLICT = "conflict markers"
    NO_RULE = "no rule"
    BAD_RULES = "bad rules"
    BAD_RECIPIENT = "bad recipient"
    NO_RECIPIENT = "no recipient"
    UNREADABLE = "unreadable"
    UNWRITABLE = "unwritable"
    NO_SUCH_FILE = "no such file"
    NO_SUCH_KEY = "no such key"
    BAD_KEY = "bad key"
    BAD_VALUE = "bad value"
    KMS_DENIED = "kms denied"
    KMS_CONTEXT = "kms context"
    KMS_UNREACHABLE = "kms unreachable"
    AWS_PROFILE = "aws profile"
    AWS_CREDENTIALS = "aws credentials"
    NO_SOPS = "no sops"
    TIMED_OUT = "timed out"
    TOO_LARGE = "too large"
    CHANGED = "changed meanwhile"
    LOCKED = "locked"
    GUARDED = "guarded"
    NO_MERGE = "nothing to merge"
    NO_HISTORY = "no history"
    SOPS_BUG = "sops bug"
    OTHER = "other"


class SecretsError(Exception):
    """`reason` is one plain sentence, `remedy` the next step, `log` what the tool itself said."""

    def __init__(self, trouble: Trouble, reason: str, remedy: str | None = None, log: tuple[str, ...] = ()) -> None:
        super().__init__(reason + (f"; {remedy}" if remedy else ""))
        self.trouble = trouble
        self.reason = reason
        self.remedy = remedy
        self.log = log
