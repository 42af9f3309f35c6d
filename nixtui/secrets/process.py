"""Running sops: values through pipes, keys in memory, no terminal, bounded in time, and nothing else of ours in it."""

import asyncio
import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from nixtui.secrets.errors import SecretsError, Trouble
from nixtui.secrets.failures import classify
from nixtui.secrets.identities import Identities, as_memfd
from nixtui.secrets.program import Sops
from nixtui.secrets.secret import Secret

TIME_LIMIT_S: Final = 30.0
"""A KMS that is down costs sops three attempts, about two seconds; one that hangs must not cost the evening."""

_MAX_OUTPUT: Final = 16 * 2**20
_PATIENCE_S: Final = 1.0

_PASSED: Final = frozenset(
    {"PATH", "HOME", "USER", "LANG", "LC_ALL", "GNUPGHOME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR"}
)
_PASSED_KINDS: Final = ("AWS_", "SOPS_", "VAULT_", "GOOGLE_", "AZURE_", "HTTP_", "HTTPS_", "NO_PROXY", "SSL_CERT_")
_KEPT_BACK: Final = frozenset({"SOPS_AGE_KEY", "SOPS_AGE_KEY_FILE", "SOPS_CONFIG", "SOPS_EDITOR"})


class Runner(msgspec.Struct, frozen=True, kw_only=True):
    """How sops is run here: which one, with whose keys, in whose environment."""

    sops: Sops
    identities: Identities
    environ: Mapping[str, str]
    time_limit: float = TIME_LIMIT_S

    def __repr__(self) -> str:
        return f"Runner({self.sops.path})"  # the environment has keys in it

    async def run(
        self,
        arguments: Sequence[str],
        *,
        directory: Path,
        file: str,
        config: bytes = b"{}\n",
        stdin: Secret | None = None,
        accept: Sequence[int] = (0,),
    ) -> Secret:
        """Standard output of `sops ARGUMENTS`; `file` is what errors are about. Raises `SecretsError`.

        `config` stands for `.sops.yaml`, as a broken one would stop sops for files that it does not concern, and its
        indentation has to fit the file. The process has no terminal: sops asks for passphrases on /dev/tty.
        """
        fds = [as_memfd("nixtui-rules", config)]
        environ = self._environ() | {"SOPS_CONFIG": f"/dev/fd/{fds[0]}"}
        try:
            if self.identities.age is not None:
                fds.append(as_memfd("nixtui-keys", self.identities.age.reveal()))
                environ["SOPS_AGE_KEY_FILE"] = f"/dev/fd/{fds[1]}"
            elif named := self.environ.get("SOPS_AGE_KEY_FILE"):
                environ["SOPS_AGE_KEY_FILE"] = named  # it could not be read, which sops shall say
            process = await _start([self.sops.path, *arguments], directory, environ, fds, stdin is not None)
        finally:
            for fd in fds:
                os.close(fd)
        return await self._finish(process, stdin, file, accept)

    def _environ(self) -> dict[str, str]:
        passed = {
            name: value
            for name, value in self.environ.items()
            if (name in _PASSED or name.upper().startswith(_PASSED_KINDS)) and name not in _KEPT_BACK
        }
        return passed | {"SOPS_DISABLE_VERSION_CHECK": "1", "TMPDIR": "/dev/shm"}  # noqa: S108 - memory, not a disk

    async def _finish(
        self, process: asyncio.subprocess.Process, stdin: Secret | None, file: str, accept: Sequence[int]
    ) -> Secret:
        status: int | None = None
        try:
            async with asyncio.timeout(self.time_limit):
                output, said = await _talk(process, stdin)
                status = await process.wait()
        except TimeoutError as error:
            raise SecretsError(
                Trouble.TIMED_OUT,
                f"{file}: sops did not finish within {self.time_limit:.0f} s and was stopped",
                "nothing was changed; a key service may hang",
            ) from error
        finally:
            if status is None:
                await _stop(process)
        if status not in accept:
            raise classify(status, said, file)
        return output


async def _start(
    argv: Sequence[str], directory: Path, environ: Mapping[str, str], fds: Sequence[int], feeds: bool
) -> asyncio.subprocess.Process:
    """Start a process; when cancelled, end it first: asyncio would wait for pipes for ever (see `nix/process.py`)."""
    starting = asyncio.create_task(
        asyncio.create_subprocess_exec(
            *argv,
            cwd=directory,
            env=environ,
            pass_fds=fds,
            stdin=asyncio.subprocess.PIPE if feeds else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
    )
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        await asyncio.wait([starting])
        if starting.exception() is None:
            await _stop(starting.result())
        raise
    except OSError as error:
        raise SecretsError(Trouble.NO_SOPS, f"{argv[0]} cannot be started: {error.strerror}") from error


async def _talk(process: asyncio.subprocess.Process, stdin: Secret | None) -> tuple[Secret, bytes]:
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        async with asyncio.TaskGroup() as pipes:
            output = pipes.create_task(_all(process.stdout))
            said = pipes.create_task(_all(process.stderr))
            if stdin is not None:
                pipes.create_task(_feed(process, stdin))
    except ExceptionGroup as group:
        raise group.exceptions[0] from None
    return output.result(), said.result().reveal()


async def _all(stream: asyncio.StreamReader) -> Secret:
    held = Secret(b"")
    while piece := Secret(await stream.read(2**16)):
        held.append(piece)
        if held.is_longer_than(_MAX_OUTPUT):
            raise SecretsError(Trouble.TOO_LARGE, f"sops gave more than {_MAX_OUTPUT // 2**20} MiB")
    return held


async def _feed(process: asyncio.subprocess.Process, value: Secret) -> None:
    assert process.stdin is not None
    try:
        process.stdin.write(value.reveal())
        await process.stdin.drain()
        process.stdin.close()
    except (BrokenPipeError, ConnectionResetError):
        return  # it ended before it read; its status says why


async def _stop(process: asyncio.subprocess.Process) -> None:
    """Nothing that sops does here outlives it: it works on copies."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    try:
        async with asyncio.timeout(_PATIENCE_S):
            await process.wait()
    except TimeoutError:
        return
