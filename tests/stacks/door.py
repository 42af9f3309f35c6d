"""What stands before moto and does what it lacks of EC2: client tokens, refusals, consoles, addresses that lead there.

Tokens are as "Ensuring idempotency in Amazon EC2 API requests" and the errors of RunInstances describe them: the same
request gets the same instance, another request IdempotentParameterMismatch, and a token outlives its instance. What EC2
says of an instance that is terminated is told in two ways, so both are played: an error of its own, or the old answer.
"""

import re
import threading
from base64 import b64encode
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.error import HTTPError
from urllib.parse import parse_qsl
from urllib.request import Request, urlopen

_STAYS = b"<deleteOnTermination>false</deleteOnTermination><deviceIndex>0</deviceIndex>"


class Refusal(Exception):
    """An answer that is an error."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(code)
        self.code, self.message, self.status = code, message, status


@dataclass
class Hold:
    """Where requests wait: `arrived` counts them, and they go on once `go` is set."""

    arrived: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    go: threading.Event = field(default_factory=threading.Event)

    def wait_for(self, count: int = 1) -> bool:
        """Wait until so many have come."""
        return all(self.arrived.acquire(timeout=60) for _ in range(count))


class Door:
    """Use as a context manager, in front of `endpoint`. `calls` has every action in its order."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.calls: list[str] = []
        self.consoles: dict[str, str] = {}  # by Name tag
        self.addresses: dict[str, str] = {}  # by Name tag: where an instance really answers
        self.denied: set[str] = set()
        self.no_capacity: set[str] = set()  # Name tags
        self.over_quota: set[str] = set()
        self.says_terminated = True
        self.not_shown: dict[str, str] = {}  # ids that EC2 does not show, with when it launched them
        self.ends_by_itself: set[str] = set()  # Name tags
        self.hidden = 0  # so many lists of instances show none, as in the first moments of new ones
        self.holds: dict[tuple[str, str], Hold] = {}
        self._tokens: dict[str, tuple[dict[str, str], bytes, str]] = {}
        self._names: dict[str, str] = {}
        self._private: dict[str, str] = {}
        self._locks: dict[str, threading.Lock] = defaultdict(threading.Lock)
        door = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, kind, answer = door._answer(self.headers, body)
                try:
                    self.send_response(status)
                    self.send_header("Content-Type", kind)
                    self.send_header("Content-Length", str(len(answer)))
                    self.end_headers()
                    self.wfile.write(answer)
                except OSError:
                    pass  # whoever asked was killed

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True

    def __enter__(self) -> "Door":
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for each in self.holds.values():
            each.go.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def hold(self, action: str, moment: str) -> Hold:
        """Such calls wait `before` they reach EC2, or `after`, with the answer in hand; those that only try do not."""
        return self.holds.setdefault((action, moment), Hold())

    def _wait(self, action: str, moment: str) -> None:
        hold = self.holds.get((action, moment))
        if hold is not None:
            hold.arrived.release()
            hold.go.wait(60)

    def _answer(self, headers: Mapping[str, str], body: bytes) -> tuple[int, str, bytes]:
        if "X-Amz-Target" in headers:  # not EC2's protocol
            return self._forward(headers, body)
        form = dict(parse_qsl(body.decode(), keep_blank_values=True))
        action = form.get("Action", "")
        self.calls.append(action)
        try:
            if action in self.denied:
                raise Refusal("UnauthorizedOperation", "You are not authorized to perform this operation.", 403)
            tries = form.get("DryRun") == "true"
            if not tries:
                self._wait(action, "before")
            answer = self._do(action, form, headers, body)
        except Refusal as refusal:
            error = f"<Error><Code>{refusal.code}</Code><Message>{refusal.message}</Message></Error>"
            return refusal.status, "text/xml", f"<Response><Errors>{error}</Errors></Response>".encode()
        if not tries:
            self._wait(action, "after")
        return answer

    def _do(self, action: str, form: dict[str, str], headers: Mapping[str, str], body: bytes) -> tuple[int, str, bytes]:
        match action:
            case "RunInstances" if form.get("DryRun") != "true":
                return self._run(form, headers, body)
            case "GetConsoleOutput":
                text = self.consoles.get(self._names.get(form["InstanceId"], ""), "")
                output = b64encode(text.encode()).decode()
                return 200, "text/xml", f"<R><instanceId>i</instanceId><output>{output}</output></R>".encode()
            case "DescribeInstances" if form.get("Filter.1.Name") == "client-token":  # which moto does not know
                _, _, identity = self._tokens.get(form["Filter.1.Value.1"], ({}, b"", "i-00000000000000000"))
                body = f"Action={action}&Version={form['Version']}&InstanceId.1={identity}".encode()
            case "DescribeInstances" if form.get("InstanceId.1") in self.not_shown:
                raise Refusal("InvalidInstanceID.NotFound", "The instance ID does not exist")
            case "DescribeInstances" if self.hidden and "Filter.1.Name" in form:
                self.hidden -= 1
                return 200, "text/xml", b"<R><reservationSet/></R>"
        return self._forward(headers, body)

    def _run(self, form: dict[str, str], headers: Mapping[str, str], body: bytes) -> tuple[int, str, bytes]:
        name = _name_of(form)
        token = form["ClientToken"]
        said = {key: value for key, value in form.items() if key != "ClientToken"}
        with self._locks[token]:
            if token in self._tokens:
                before, answer, identity = self._tokens[token]
                if before != said:
                    raise Refusal("IdempotentParameterMismatch", "Arguments on this request are inconsistent")
                if self._is_terminated(identity, headers) and self.says_terminated:
                    raise Refusal("IdempotentInstanceTerminated", "The request uses the token of a terminated instance")
                if launched := self.not_shown.get(identity):
                    answer = re.sub(rb"<launchTime>[^<]*", f"<launchTime>{launched}".encode(), answer)
                return 200, "text/xml", answer
            if name in self.no_capacity:
                raise Refusal("InsufficientInstanceCapacity", "There is no capacity in the zone you requested", 500)
            if name in self.over_quota:
                raise Refusal("VcpuLimitExceeded", "You have requested more vCPU capacity than your limit of 32")
            status, kind, answer = self._forward(headers, body)
            if status == 200:
                identity = re.search(rb"<instanceId>(i-[0-9a-f]+)</instanceId>", answer)[1].decode()
                private = re.search(rb"<privateIpAddress>([0-9.]+)</privateIpAddress>", answer)[1].decode()
                self._names[identity], self._private[private] = name, name
                self._tokens[token] = said, answer, identity
                if name in self.ends_by_itself:
                    asked = f"Action=TerminateInstances&Version=2016-11-15&InstanceId.1={identity}"
                    self._forward(headers, asked.encode())
            return status, kind, self._led(answer)

    def _is_terminated(self, identity: str, headers: Mapping[str, str]) -> bool:
        asked = f"Action=DescribeInstances&Version=2016-11-15&InstanceId.1={identity}".encode()
        _, _, answer = self._forward(headers, asked)
        return b"<name>terminated</name>" in answer

    def _forward(self, headers: Mapping[str, str], body: bytes) -> tuple[int, str, bytes]:
        kept = {name: headers[name] for name in ("Authorization", "Content-Type", "X-Amz-Target") if name in headers}
        request = Request(self.endpoint, data=body, headers=kept, method="POST")  # noqa: S310 # loopback
        try:
            with urlopen(request, timeout=60) as answer:  # noqa: S310 # loopback
                return answer.status, answer.headers["Content-Type"], self._led(answer.read())
        except HTTPError as error:
            return error.code, error.headers.get("Content-Type") or "text/xml", error.read()

    def _led(self, answer: bytes) -> bytes:
        """Private addresses are those where somebody answers. What moto has wrong of interfaces is put right: one that
        was made at launch goes with its instance, and an address that nobody allocated is Amazon's.
        """
        answer = answer.replace(_STAYS, _STAYS.replace(b"false", b"true"))
        if self.ends_by_itself:
            answer = answer.replace(b"Client.UserInitiatedShutdown", b"Client.InternalError")
        answer = re.sub(rb"<ipOwnerId>\d+</ipOwnerId>", b"<ipOwnerId>amazon</ipOwnerId>", answer)
        for private, name in self._private.items():
            if name in self.addresses:
                led = f"<privateIpAddress>{self.addresses[name]}</privateIpAddress>".encode()
                answer = answer.replace(f"<privateIpAddress>{private}</privateIpAddress>".encode(), led)
        return answer


def _name_of(form: Mapping[str, str]) -> str:
    keys = [key for key, value in form.items() if key.startswith("TagSpecification") and value == "Name"]
    return form[keys[0].removesuffix("Key") + "Value"] if keys else ""
