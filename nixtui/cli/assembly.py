"""Putting the parts together: from a configuration to hosts that can be reached and operations that are recorded."""

import asyncio
import getpass
import secrets
import signal
import socket
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING

from nixtui.activation.guarded import HealthCheck
from nixtui.activation.rollback import Settings
from nixtui.activation.rollout import Rules
from nixtui.cli.exits import UsageError
from nixtui.cli.narration import narrate_event
from nixtui.cli.output import narrate
from nixtui.config import Configuration
from nixtui.config.paths import local_path, state_dir
from nixtui.model.host import Host
from nixtui.model.selector import BadSelector, Selector, Subject, any_of, parse_selector
from nixtui.model.status import HostStatus
from nixtui.operations.journal import Journal
from nixtui.operations.operation import Job, Operation
from nixtui.operations.plan import Plan
from nixtui.operations.policy import Consent, Policy
from nixtui.operations.report import Report
from nixtui.remote.prompter import Prompter
from nixtui.remote.settings import ElevationMode, SshSettings
from nixtui.remote.transport import Transport

if TYPE_CHECKING:  # asyncssh costs 0.2 s to import, which commands that reach no host need not pay
    from nixtui.remote.pool import ConnectionPool


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What comes from outside the process: passed in, so that tests and the demo can give their own."""

    environ: Mapping[str, str]
    prompter: Prompter
    clock: Callable[[], float] = time.time


def activation_settings(configuration: Configuration) -> Settings:
    """`[activation]` and `[rollout]` as the values that rollbacks work with."""
    activation, rollout = configuration.activation, configuration.rollout
    batch = rollout.batch.count if rollout.batch.count is not None else (rollout.batch.percent or 0) / 100
    return Settings(
        revert_after=activation.revert_after,
        activation_timeout=activation.activation_timeout,
        health=tuple(HealthCheck(command, limit) for command, limit in activation.health_limits),
        rollout=Rules(
            canary=rollout.canary, batch=batch, max_failures=rollout.max_failures, soak=rollout.soak
        ),
    )


def ssh_settings(configuration: Configuration, environ: Mapping[str, str]) -> SshSettings:
    """`[ssh]` as the value that connections are made by, with every path absolute."""

    def paths(texts: Sequence[str]) -> tuple[str, ...]:
        return tuple(str(local_path(text, base=configuration.directory, environ=environ)) for text in texts)

    section = configuration.ssh
    return SshSettings(
        config_files=paths([section.config]),
        known_hosts=paths(section.known_hosts),
        identity_files=paths(section.identity_files),
        jump=section.jump,
        elevate=ElevationMode(section.elevate.value),
        connect_timeout=section.connect_timeout,
        keepalive_interval=section.keepalive,
    )
