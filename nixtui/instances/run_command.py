"""A transport for instances that SSH cannot reach: scripts are brought, and their output fetched, by SSM Run Command.

Every piece of output is a command of its own and takes a second or two. AWS keeps all of it for 30 days, so secrets
never go this way, and neither does what only a connection carries.
"""

import asyncio
import base64
import binascii
import gzip
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cache
from random import Random, SystemRandom
from typing import Final

import msgspec

from nixtui.aws.errors import AwsError
from nixtui.aws.run_command import MOST_SCRIPT_BYTES, Ran, run_command
from nixtui.aws.session import Session
from nixtui.model.host import Host
from nixtui.model.machine import InstanceId
from nixtui.remote.answer import Answer
from nixtui.remote.errors import AuthenticationFailed, BadAnswer, NoAnswer, RemoteError, Unreachable
from nixtui.remote.output import said
from nixtui.remote.program import program
from nixtui.remote.transport import DEFAULT_TIMEOUT_S, Channel, Completed, Script, Transport, load_script

LEAST_INTERVAL_S: Final = 20.0
"""How often a host is asked how it is: each answer is two calls of AWS and a process on the host."""

MOST_OUTPUT_BYTES: Final = 2 * 2**20
"""More takes minutes to fetch; what a script says beyond it is dropped and said to be."""

_BEYOND: Final = 2**40
"""More than any output has: who has fetched so much only waits for the end."""

_WAIT_S: Final = 5
_PIECE_LIMIT_S: Final = 60
_OVERHEAD_S: Final = 6.0
"""Bringing a script and fetching its end; the caller's time limit is for the script."""

_PROOF_LIMIT_S: Final = 15.0

_NOT_THIS_WAY: Final = frozenset({"secrets"})
"""Scripts whose arguments or answers are nobody's business: keyed hashes of secrets go with their key."""

_WITHOUT_STDIN: Final = frozenset({"probe"})
"""Scripts that keep running, but say everything anew when they are started with nothing to read."""

_KEPT = "AWS keeps what goes over Run Command for 30 days"


@cache
def _job() -> Script:
    return load_script("job")


class Piece(msgspec.Struct, frozen=True):
    """What one command fetched: how the job stands, a piece of its output, and whether it was the last.

    `is_cut` says that no more of the output is fetched, although there may be more.
    """

    state: str
    code: int | None
    out: bytes
    err: bytes
    is_last: bool
    is_cut: bool = False


class SsmTransport:
    """`Transport` over Run Command. Everything runs as root, as the agent does."""

    least_interval = LEAST_INTERVAL_S

    def __init__(self, host: Host, session: Session, *, random: Random | None = None) -> None:
        if host.instance is None:
            raise Unreachable(
                host.name, "which instance it is is not known", "name it: tags = { ec2 = 'i-…', region = '…' }"
            )
        self._host = host
        self._instance: InstanceId = host.instance
        self._session = session
        self._random = random or SystemRandom()
        self._channels: set[SsmChannel] = set()

    @property
    def host(self) -> Host:
        """Who is at the other end."""
        return self._host

    async def run(
        self,
        script: Script,
        *arguments: str,
        elevated: bool = False,  # noqa: ARG002 - it is root in any case
        timeout: float = DEFAULT_TIMEOUT_S,  # noqa: ASYNC109 - the limit belongs to the remote side as well
        on_line: Callable[[str], None] | None = None,
    ) -> Completed:
        """Run a script to its end; lines come a piece at a time. One that is given up here goes on there."""
        if script.name in _NOT_THIS_WAY:
            raise self._refusal(script)
        answer, is_cut = Answer(on_line), False
        try:
            async with asyncio.timeout(timeout + _OVERHEAD_S):
                async for piece in self._pieces(script, arguments):
                    answer.receive_stdout(piece.out)
                    is_cut |= piece.is_cut
                    if piece.is_last:
                        answer.receive_stderr(piece.err)
                        done = await answer.complete(piece.code)
                        return Completed(done.exit_status, done.stdout, done.stderr, done.truncated or is_cut)
        except TimeoutError:
            raise NoAnswer(self._host.name, f"{script.name} did not end within {timeout:g} s") from None
        raise AssertionError("unreachable: pieces end with a last one or an error")

    async def exchange(self, address: str, port: int, request: bytes, limit: int, timeout: float) -> bytes:  # noqa: ARG002, ASYNC109
        """Not possible: Run Command carries no connections."""
        raise BadAnswer(
            self._host.name,
            f"{address}:{port} cannot be asked: SSM Run Command carries no connections",
            "use a health command instead of a page, or a way in by SSH",
        )

    @asynccontextmanager
    async def open(self, script: Script, *arguments: str, elevated: bool = False) -> AsyncIterator[Channel]:  # noqa: ARG002
        """Only for scripts that say everything at once; nobody else's input can be given to them."""
        if script.name not in _WITHOUT_STDIN:
            raise self._refusal(script)
        channel = SsmChannel(self, script, arguments)
        self._channels.add(channel)
        try:
            yield channel
        finally:
            self._channels.discard(channel)

    @asynccontextmanager
    async def fresh(self) -> AsyncIterator[Transport]:
        """Another one, once the agent has taken and answered a command: what can be proved of this way in."""
        other = SsmTransport(self._host, self._session, random=self._random)
        await other.prove()
        yield other

    async def prove(self) -> None:
        """Have the agent answer. Raises a `RemoteError` that says why it does not."""
        try:
            async with asyncio.timeout(_PROOF_LIMIT_S):
                await self._run("exit 0\n", "are you there")
        except TimeoutError:
            raise NoAnswer(self._host.name, f"its SSM agent took no command within {_PROOF_LIMIT_S:g} s") from None

    def hang_up(self) -> None:
        """End what listens."""
        for channel in tuple(self._channels):
            channel.hang_up()

    async def close(self) -> None:
        """Nothing else is held open."""
        self.hang_up()

    async def _pieces(self, script: Script, arguments: tuple[str, ...]) -> AsyncIterator[Piece]:
        """The output of a script, started as a job, until its last piece."""
        identity, fetched = f"{self._random.getrandbits(64):016x}", 0
        packed = base64.b64encode(gzip.compress(program(script, arguments).encode(errors="surrogateescape"))).decode()
        more: tuple[str, ...] = (packed,)
        while True:
            text = program(_job(), (identity, str(fetched), str(_WAIT_S), *more))
            if len(text.encode()) > MOST_SCRIPT_BYTES:
                raise BadAnswer(self._host.name, f"{script.name} is too long to go over SSM Run Command")
            ran = await self._run(_on_nixos(text), script.name)
            piece = self._read(identity, ran)
            fetched += len(piece.out)
            if fetched >= MOST_OUTPUT_BYTES and not piece.is_last:
                fetched, piece = _BEYOND, msgspec.structs.replace(piece, is_cut=True)
            yield piece
            if piece.is_last:
                return
            if piece.state == "lost" and not piece.out:
                raise Unreachable(self._host.name, f"{script.name} was ended there before it was done")
            more = ()

    async def _run(self, text: str, what: str) -> Ran:
        """One command. Raises a `RemoteError`."""
        region, identity = self._instance.region, self._instance.identity
        try:
            ran = await run_command(
                self._session, region, identity, text, limit_s=_PIECE_LIMIT_S, why=f"nixtui: {what}"
            )
        except AwsError as error:
            raise self._explain(error) from error
        if not ran.has_run:
            raise Unreachable(
                self._host.name,
                f"SSM says of the command: {said(ran.status)}",
                "see: nixtui instance doors " + identity,
            )
        return ran

    def _explain(self, error: AwsError) -> RemoteError:
        if error.code == "InvalidInstanceId":
            return Unreachable(
                self._host.name,
                f"SSM takes no commands for {self._instance.identity}: its agent never registered, or is not online",
                f"see the other ways: nixtui instance doors {self._instance.identity}",
            )
        if error.may_pass:
            return Unreachable(self._host.name, error.reason, error.remedy)
        return AuthenticationFailed(self._host.name, error.reason, error.remedy)

    def _read(self, identity: str, ran: Ran) -> Piece:
        """Raises `BadAnswer` for what is no answer of the job script, or was cut off by AWS."""
        head, *lines = ran.stdout.splitlines() or [""]
        words = head.split(" ")
        values = dict(line.partition(" ")[::2] for line in lines)
        if words[:2] != ["#nixtui-job", identity] or len(words) != 4 or not {"more", "done"} & values.keys():
            told = said(ran.stderr or ran.stdout) or "it says nothing"
            raise BadAnswer(self._host.name, f"the script could not be started (exit {ran.exit_code}): {told}")
        if words[2] == "gone":
            raise Unreachable(self._host.name, "what was started there is gone: did it reboot?")
        code = int(words[3]) if words[3].isdecimal() else None
        out, err = (self._unpacked(values.get(name, "")) for name in ("out", "err"))
        return Piece(words[2], code, out, err, "done" in values)

    def _unpacked(self, text: str) -> bytes:
        if not text:
            return b""
        try:
            unpack = zlib.decompressobj(wbits=31)
            return unpack.decompress(base64.b64decode(text, validate=True), 2**20)
        except (binascii.Error, zlib.error) as error:
            raise BadAnswer(self._host.name, "a piece of its output arrived damaged") from error

    def _refusal(self, script: Script) -> BadAnswer:
        return BadAnswer(
            self._host.name,
            f"{script.name} does not go over SSM Run Command: {_KEPT}, and it carries no input",
            "use a way in by SSH for this",
        )


def _on_nixos(text: str) -> str:
    """The agent's own PATH has little of a system on it."""
    places = ("/run/wrappers/bin", "/nix/var/nix/profiles/default/bin", "/run/current-system/sw/bin")
    return f"PATH={':'.join(places)}:${{PATH:-/usr/bin:/bin}}; export PATH\n{text}"


class SsmChannel:
    """`Channel` of a script that says everything when it starts: each request starts it once more."""

    def __init__(self, transport: SsmTransport, script: Script, arguments: tuple[str, ...]) -> None:
        self._transport = transport
        self._script = script
        self._arguments = arguments
        self._asked = asyncio.Event()
        self._asked.set()
        self._is_closed = False
        self.stderr = ""

    @property
    def exit_status(self) -> int | None:
        """It has none: it ends with the link only."""
        return None

    async def lines(self) -> AsyncIterator[str]:
        """What the script says each time. Raises a `RemoteError` when it cannot be started any more."""
        while True:
            await self._asked.wait()
            self._asked.clear()
            if self._is_closed:
                return
            done = await self._transport.run(self._script, *self._arguments)
            self.stderr = done.stderr
            for line in done.stdout.splitlines():
                yield line

    def write(self, text: str) -> None:  # noqa: ARG002 - whatever is asked for, everything is told
        """Ask once more."""
        self._asked.set()

    def hang_up(self) -> None:
        """No more lines, after those of the run that is under way."""
        self._is_closed = True
        self._asked.set()

    async def close(self) -> None:
        """Nothing runs on the host by now."""
        self.hang_up()
