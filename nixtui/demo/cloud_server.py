"""`python -m nixtui.demo.cloud_server FD`: moto on a socket that listens already, with the world from standard input.

Ends with its standard input, so that it never outlives the demo. Nothing else of nixtui starts this.
"""

import os
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from io import BytesIO
from json import dumps, loads
from typing import Any
from urllib.parse import parse_qsl

os.environ.setdefault("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")  # read when moto is imported

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

from nixtui.demo.cloud_answers import ANSWERS, Refusal
from nixtui.demo.cloud_bin import list_rules, rule
from nixtui.demo.cloud_seed import Cloud, seed

Environ = dict[str, Any]
Start = Callable[..., Any]

_MOST_BYTES = 1 << 20
"""Bodies that are looked into: calls of EC2 are small, blocks of a snapshot are not calls of EC2."""


class Application:
    """moto, with what it cannot answer answered here, and errors of its own told as AWS tells them."""

    def __init__(self) -> None:
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._cloud: Cloud | None = None
        self._there = threading.Event()

    def open(self, cloud: Cloud) -> None:
        """The world is there; answer."""
        self._cloud = cloud
        self._there.set()

    def __call__(self, environ: Environ, start: Start) -> Iterable[bytes]:
        """WSGI's."""
        self._there.wait()
        assert self._cloud is not None
        path = str(environ.get("PATH_INFO", ""))
        if path.startswith("/rules/"):
            return _told(start, 200, "application/json", dumps(rule(path.removeprefix("/rules/"))))
        length = int(environ.get("CONTENT_LENGTH") or 0)
        if length > _MOST_BYTES or environ["REQUEST_METHOD"] != "POST":
            return self._moto(environ, start)  # type: ignore[no-any-return]  # moto is not typed here
        body = environ["wsgi.input"].read(length)
        if path == "/list-rules":
            return _told(start, 200, "application/json", dumps(list_rules(loads(body))))
        environ["wsgi.input"] = BytesIO(body)
        action, asked = _asked(environ, body)
        is_json = "HTTP_X_AMZ_TARGET" in environ
        if (answer := ANSWERS.get(action)) is None:
            return self._by_moto(environ, start, action, is_json=is_json)
        try:
            told = answer(self._cloud, _region(environ), asked)
        except Refusal as refusal:
            return _refused(start, refusal, is_json=is_json)
        if is_json:
            return _told(start, 200, "application/x-amz-json-1.1", dumps(told))
        return _told(start, 200, "text/xml", f"<{action}Response>{told}</{action}Response>")

    def _by_moto(self, environ: Environ, start: Start, action: str, *, is_json: bool) -> Iterable[bytes]:
        """As moto answers; where it breaks, a sentence instead of a page of HTML that clients ask for again."""
        begun: list[Any] = []
        parts = self._moto(environ, lambda *told: begun.append(told))
        if begun and not str(begun[0][0]).startswith("5"):
            start(*begun[0])
            return parts  # type: ignore[no-any-return]  # moto is not typed here
        return _refused(start, Refusal("UnsupportedOperation", f"the demo has no {action}"), is_json=is_json)


def _asked(environ: Mapping[str, Any], body: bytes) -> tuple[str, dict[str, Any]]:
    """The action, and its parameters: a flat form of EC2 and Auto Scaling, or the JSON of SSM."""
    target = environ.get("HTTP_X_AMZ_TARGET")
    if target is not None:
        return str(target).rpartition(".")[2], loads(body or b"{}")
    form = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    return form.get("Action", ""), form


def _region(environ: Mapping[str, Any]) -> str:
    """Where a call is for: the third part of what it was signed for."""
    scope = str(environ.get("HTTP_AUTHORIZATION", "")).partition("Credential=")[2].split("/")
    return scope[2] if len(scope) > 2 else "eu-central-1"


def _refused(start: Start, refusal: Refusal, *, is_json: bool) -> Iterable[bytes]:
    if is_json:
        told = dumps({"__type": refusal.code, "message": refusal.message})
        return _told(start, 400, "application/x-amz-json-1.1", told)
    error = f"<Error><Code>{refusal.code}</Code><Message>{refusal.message}</Message></Error>"
    return _told(start, 400, "text/xml", f"<Response><Errors>{error}</Errors></Response>")


def _told(start: Start, status: int, kind: str, text: str) -> Iterable[bytes]:
    body = text.encode()
    start(f"{status} {'OK' if status == 200 else 'Bad Request'}",
          [("Content-Type", kind), ("Content-Length", str(len(body)))])  # fmt: skip
    return [body]


def _end_with_input() -> None:
    while os.read(0, 4096):
        pass
    os._exit(0)


def main() -> None:
    """Read the world, seed it, and serve until standard input ends."""
    os.nice(5)  # the app has the machine first
    world = loads(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_input, daemon=True).start()
    application = Application()
    server = make_server(
        "127.0.0.1", 0, application, threaded=True, request_handler=MotoRequestHandler, fd=int(sys.argv[1])
    )
    application.open(seed(world))
    server.serve_forever()


if __name__ == "__main__":
    main()
