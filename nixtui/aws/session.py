"""A login at AWS: clients made once per region, calls in threads of our own, errors as sentences."""

import asyncio
import os
import random
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar

from nixtui.aws.errors import AwsError, Kind, explain

T = TypeVar("T")

THREADS = 16
"""As many calls at once: describing one thing in every region AWS has takes two rounds."""

ATTEMPTS = 8
DEMO = "NIXTUI_DEMO"
"""The variable that the demo sets: an account of the user's must not look like a part of it.

It has the address of the demo's own AWS, on loopback; anything else says that there is none.
"""

ENDS = "AWS_CREDENTIAL_EXPIRATION"
"""The variable that the demo says in when its login ends (RFC 3339); botocore's own name for it."""

_LOOPBACK = re.compile(r"http://127\.0\.0\.1:[0-9]{1,5}")
_WORD_BEGINS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")

_CONNECT_TIMEOUT_S = 5
_READ_TIMEOUT_S = 30


class ByLogin(Protocol):
    """Who has the login that a row came from: a session, which is one, or several of them."""

    @property
    def sessions(self) -> Sequence["Session"]:
        """All of them."""
        ...

    def of(self, login: str | None) -> "Session":
        """The session of this profile. Raises `AwsError` where it is none of these."""
        ...


class Session:
    """One profile. Use as an async context manager; leaving it lets running calls end and takes no more.

    `endpoint` is what `AWS_ENDPOINT_URL` says, which botocore honours by itself (per service as well).
    """

    def __init__(self, environ: Mapping[str, str], *, profile: str | None = None, region: str | None = None) -> None:
        self._environ = environ
        self._is_demo = DEMO in environ
        self.profile = None if self._is_demo else profile or environ.get("AWS_PROFILE") or None
        self.endpoint = _demo_endpoint(environ[DEMO]) if self._is_demo else environ.get("AWS_ENDPOINT_URL") or None
        self._given_region = region or environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or None
        self._executor = ThreadPoolExecutor(THREADS, thread_name_prefix="aws")
        self._lock = threading.Lock()
        self._boto: Any = None
        self._clients: dict[tuple[str, str, bool], Any] = {}
        self._whose = threading.Lock()
        self._account: str | None = None

    @property
    def sessions(self) -> Sequence["Session"]:
        """This one."""
        return (self,)

    def of(self, login: str | None) -> "Session":
        """This one, for what came from it; whatever came from another must never be sent by it. Raises `AwsError`."""
        if login in (None, self.profile):
            return self
        raise AwsError(
            f"this is of login {login}, and not of {self.profile or 'the one that is used here'}",
            f"name it: --profile {login}",
            kind=Kind.UNUSABLE,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._executor.shutdown(wait=False, cancel_futures=True)

    async def thread(self, work: Callable[[], T]) -> T:
        """The result of blocking `work`, done in one of this session's threads."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)

    async def region(self) -> str:
        """The region that is meant where none is named. Raises `AwsError`."""
        if self._given_region:
            return self._given_region
        found = await self.thread(lambda: self._session("sts:GetCallerIdentity").region_name)
        if not found:
            raise AwsError(
                "no AWS region is chosen",
                "give --region, or set AWS_REGION",
                kind=Kind.UNUSABLE,
                login=self.profile,
                is_of_login=True,
            )
        return str(found)

    async def account(self) -> str:
        """The account that this login is of, asked once. Raises `AwsError`."""
        region = await self.region()

        def ask() -> str:
            with self._whose:
                if self._account is None:
                    self._account = str(self._call("sts", "GetCallerIdentity", region, {})["Account"])
                return self._account

        return await self.thread(ask)

    async def call(self, service: str, action: str, region: str, **parameters: Any) -> Any:
        """One call by its API name (`RegisterImage`), with throttling and faults retried. Raises `AwsError`."""
        return await self.thread(lambda: self._call(service, action, region, parameters))

    async def call_once(self, service: str, action: str, region: str, **parameters: Any) -> Any:
        """Like `call`, but tried once and for seconds: for what must not keep anybody waiting. Raises `AwsError`."""
        return await self.thread(lambda: self._call(service, action, region, parameters, patient=False))

    async def pages(self, service: str, action: str, region: str, key: str, **parameters: Any) -> list[Any]:
        """Everything that a listing call has under `key`, page after page. Raises `AwsError`."""
        return await self.thread(lambda: self._pages(service, action, region, key, parameters))

    def client(self, service: str, region: str, *, patient: bool = True) -> Any:
        """The client of a service in a region, made once (ec2 costs 140 ms). Blocking; raises what botocore raises.

        One that is not `patient` tries nothing twice.
        """
        with self._lock:
            client = self._clients.get((service, region, patient))
            if client is None:
                client = self._clients[service, region, patient] = self._make(service, region, patient)
            return client

    def credentials(self) -> tuple[str, str, str | None]:
        """Key, secret and token as of now, renewed where they can be. Blocking; raises `AwsError`."""
        with explained("sts:GetCallerIdentity", None, self.profile):
            found = self._session("sts:GetCallerIdentity").get_credentials()
            if found is None:
                from botocore.exceptions import NoCredentialsError

                raise NoCredentialsError
            frozen = found.get_frozen_credentials()
            return frozen.access_key, frozen.secret_key, frozen.token

    async def expires_at(self) -> float | None:
        """When the login ends (Unix seconds); `None` for keys that do not expire, or none at all."""

        def ask() -> float | None:
            with explained("sts:GetCallerIdentity", None, self.profile):
                found = self._session("sts:GetCallerIdentity").get_credentials()
            expiry: datetime | None = getattr(found, "_expiry_time", None)  # botocore has no public name for it
            return None if expiry is None else expiry.astimezone(UTC).timestamp()

        return await self.thread(ask)

    def ca_bundle(self, region: str) -> str | bool:
        """The file of certificates that calls are checked against. Blocking."""
        from botocore.httpsession import get_cert_path

        self.client("ebs", region)
        configured = self._environ.get("AWS_CA_BUNDLE") or self._boto._session.get_config_variable("ca_bundle")
        return configured or str(get_cert_path(True))

    def _session(self, action: str) -> Any:
        if self._is_demo and self.endpoint is None:
            raise AwsError(
                "this demo has no AWS, and your account is not asked",
                "install nixtui[demo] for one with images and instances: make demo does; or leave it: nixtui",
                kind=Kind.UNUSABLE,
            )
        import boto3

        with explained(action, None, self.profile):
            if self._boto is None:
                demo = _of_demo(self._environ.get(ENDS)) if self._is_demo else {}
                self._boto = _with_shared_models(boto3.session.Session(profile_name=self.profile, **demo))
            return self._boto

    def _make(self, service: str, region: str, patient: bool) -> Any:
        from botocore.config import Config

        config = Config(
            retries={"mode": "adaptive", "total_max_attempts": ATTEMPTS if patient else 1},
            connect_timeout=_CONNECT_TIMEOUT_S,
            read_timeout=_READ_TIMEOUT_S if patient else _CONNECT_TIMEOUT_S,
            max_pool_connections=THREADS,
            proxies={} if self._is_demo else None,
        )
        where = {"endpoint_url": self.endpoint} if self._is_demo else {}
        return self._session(service).client(service, region_name=region, config=config, **where)

    def _call(
        self, service: str, action: str, region: str, parameters: Mapping[str, Any], *, patient: bool = True
    ) -> Any:
        with explained(f"{service}:{action}", region, self.profile):
            return getattr(self.client(service, region, patient=patient), snake(action))(**parameters)

    def _pages(self, service: str, action: str, region: str, key: str, parameters: Mapping[str, Any]) -> list[Any]:
        with explained(f"{service}:{action}", region, self.profile):
            paginator = self.client(service, region).get_paginator(snake(action))
            return [each for page in paginator.paginate(**parameters) for each in page.get(key, ())]


_LOADERS: dict[tuple[str, ...], Any] = {}
"""What has read the models of services, by where from: EC2's takes 150 ms and is the same for every login."""


def _with_shared_models(boto: Any) -> Any:
    loader = boto._session.get_component("data_loader")
    shared = _LOADERS.setdefault(tuple(loader.search_paths), loader)
    boto._session.register_component("data_loader", shared)
    return boto


def _demo_endpoint(text: str) -> str | None:
    return text if _LOOPBACK.fullmatch(text) else None


def _of_demo(ends: str | None) -> dict[str, Any]:
    """A login that nothing of the user's has a part in: no file, no profile, no key, whatever the variables say.

    It `ends` as one by SSO does, and is renewed then.
    """
    from botocore.credentials import RefreshableCredentials
    from botocore.session import Session as Botocore

    nothing: dict[str, tuple[None, None, str | None, None]] = {
        "profile": (None, None, None, None),
        "config_file": (None, None, os.devnull, None),
        "credentials_file": (None, None, os.devnull, None),
    }
    own = Botocore(session_vars=nothing)
    if ends is None:
        return {"botocore_session": own, "aws_access_key_id": "DEMO", "aws_secret_access_key": "demo"}

    def until(moment: datetime) -> dict[str, str | None]:
        return {"access_key": "DEMO", "secret_key": "demo", "token": None, "expiry_time": moment.isoformat()}

    own._credentials = RefreshableCredentials.create_from_metadata(
        until(datetime.fromisoformat(ends)),
        refresh_using=lambda: until(datetime.now(UTC) + timedelta(hours=8)),
        method="demo",
    )
    return {"botocore_session": own}


@contextmanager
def explained(action: str, region: str | None, profile: str | None) -> Iterator[None]:
    """What botocore raises inside is an `AwsError` outside, which knows by which login it came about."""
    try:
        yield
    except AwsError as error:
        error.login = profile
        raise
    except Exception as error:
        told = explain(error, action, region, profile)
        told.login = profile
        raise told from error


def snake(action: str) -> str:
    """`DescribeImages` and `SendSSHPublicKey` as boto3 spells them."""
    return _WORD_BEGINS.sub("_", action).lower()


def jittered(attempt: int, *, base: float = 0.1, longest: float = 10.0) -> float:
    """Seconds to wait before attempt number `attempt` (from 1): doubled each time, anywhere between half and all."""
    whole = min(longest, base * 2.0**attempt)
    return whole * (0.5 + random.random() / 2)  # noqa: S311 # spreads retries, protects nothing
