"""Logging in at AWS again, for the app: AWS's own command line does it, in a browser."""

import os
import shutil
from collections.abc import Mapping, Sequence

from nixtui.aws.logins import Logins
from nixtui.aws.session import DEMO
from nixtui.cli.exits import UsageError


def words_to_log_in(logins: Logins, profile: str | None, environ: Mapping[str, str]) -> Sequence[str]:
    """The command that renews a login: that of `profile`, or the only one there is. Raises `UsageError`."""
    if DEMO in environ:
        raise UsageError("the demo's AWS knows no other login; its own ends with it")
    known = [session.profile for session in logins.sessions]
    if profile is None and logins.several:
        raise UsageError(f"there are several logins; say which: {' or '.join(logins.several)}")
    if profile is not None and logins.several and profile not in known:
        raise UsageError(f'"{profile}" is none of {", ".join(logins.several)}')
    name = profile or known[0]
    words = ("aws", "sso", "login", *(("--profile", name) if name else ()))
    if shutil.which("aws", path=environ.get("PATH", os.defpath)) is None:
        raise UsageError(f"AWS's command line is not here; log in elsewhere on this machine: {' '.join(words)}")
    return words
