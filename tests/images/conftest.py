"""A loopback AWS and the `nixtui` command that talks to it."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.aws.fake_aws import FakeAws, Faults
from tests.aws.fake_bin import FakeBin
from tests.aws.fake_cloud import FakeCloud
from tests.cli.conftest import Shell, shell

__all__ = ["shell"]

MakeAws = Callable[..., FakeAws]
MakeCloud = Callable[..., FakeCloud]


@pytest.fixture
def make_aws(tmp_path: Path, shell: Shell) -> Iterator[MakeAws]:
    """Starts a loopback AWS; the shell talks to the latest one."""
    with ExitStack() as stack:

        def make(**options: Any) -> FakeAws:
            directory = tmp_path / f"aws-{os.urandom(4).hex()}"
            directory.mkdir()
            faults = Faults(**options)
            aws = stack.enter_context(FakeAws(directory, faults=faults))
            shell.environ.update(aws.environ)
            return aws

        yield make


@pytest.fixture
def aws(make_aws: MakeAws) -> FakeAws:
    return make_aws()


@pytest.fixture
def make_cloud(tmp_path: Path, shell: Shell) -> Iterator[MakeCloud]:
    """Starts a whole loopback account; the shell talks to the latest one."""
    with ExitStack() as stack:

        def make(**options: Any) -> FakeCloud:
            directory = tmp_path / f"cloud-{os.urandom(4).hex()}"
            directory.mkdir()
            cloud = stack.enter_context(FakeCloud(directory, faults=Faults(**options)))
            shell.environ.update(cloud.environ)
            return cloud

        yield make


@pytest.fixture
def cloud(make_cloud: MakeCloud) -> FakeCloud:
    return make_cloud()


@pytest.fixture
def account(tmp_path: Path, shell: Shell) -> Iterator[FakeBin]:
    """A whole loopback account with a recycle bin; the shell talks to it."""
    directory = tmp_path / "account"
    directory.mkdir()
    with FakeBin(directory) as account:
        shell.environ.update(account.environ)
        yield account
