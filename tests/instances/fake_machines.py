"""Instances on loopback whose consoles and SSM agents are real as far as they go: commands are executed.

As strict as the service: what botocore's model of ssm 2014-11-06 and AWS-RunShellScript would not take is refused, and
output is cut where GetCommandInvocation cuts it, and not there before the command has ended.
"""

import json
import os
import re
import subprocess
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

REGION = "eu-central-1"
STDOUT_CHARACTERS, STDERR_CHARACTERS = 24_000, 8_000
MOST_REQUEST_BYTES = 64 * 1024

Execute = Callable[[str, threading.Event], subprocess.CompletedProcess[str]]
"""Runs a script as root; is to stop early when the event is set."""


class Refusal(Exception):
    """An answer that is an error."""

    def __init__(self, code: str, message: str = "", status: int = 400) -> None:
        super().__init__(code)
        self.code, self.message, self.status = code, message, status


@dataclass
class Machine:
    """One instance. `execute` is its agent, `None` where none ever registered."""

    identity: str
    name: str
    address: str
    image: str = "ami-0000000000000000a"
    console: str = ""
    state: str = "running"
    nitro: bool = True
    execute: Execute | None = None
    ping: str = "Online"
    is_cut_off: bool = False
    group: str | None = None
    image_name: str | None = None  # what EC2 remembers of an image that is gone
    system_check: str = "ok"
    event: str = ""  # code, time and description of a scheduled event


@dataclass
class Command:
    """One that was sent."""

    identity: str
    instance: str
    script: str
    status: str = "Pending"
    details: str = "Pending"
    code: int = -1
    out: str = ""
    err: str = ""
    looked: int = 0
    stop: threading.Event = field(default_factory=threading.Event)


class FakeMachines:
    """Use as a context manager. `calls` are the actions in their order, `sent` the commands."""

    def __init__(self, *machines: Machine) -> None:
        self.machines = {each.identity: each for each in machines}
        self.images: dict[str, str] = {}  # AMIs that are registered, with the store path of their tag
        self.groups: dict[str, str] = {}  # auto scaling groups, with the AMI that they start
        self.may_send = threading.Event()  # cleared, SendCommand takes its time to answer
        self.may_send.set()
        self.parameters: dict[str, str] = {}  # names that a group may have for an AMI
        self.calls: list[str] = []
        self.sent: list[Command] = []
        self.denied: set[str] = set()
        self.delivery_s = 30.0  # TimeoutSeconds of a command that no agent takes
        self.late_invocations = 1  # that many looks find no invocation yet, as right after a SendCommand
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, kind, answer = fake.answer(self.headers, body)
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                pass

        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True

    def __enter__(self) -> "FakeMachines":
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for each in self.sent:
            each.stop.set()
        for thread in self._threads:
            thread.join(30)
        self.close()

    def close(self) -> None:
        """Answer nobody any more."""
        self._server.shutdown()
        self._server.server_close()

    @property
    def environ(self) -> dict[str, str]:
        """What makes any AWS client talk to this."""
        return {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self._server.server_address[1]}",
            "AWS_ACCESS_KEY_ID": "AKID",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }

    def answer(self, headers: Mapping[str, str], body: bytes) -> tuple[int, str, bytes]:
        target = headers.get("X-Amz-Target")
        if target is not None:
            return self._ssm(target, headers, body)
        form = dict(parse_qsl(body.decode(), keep_blank_values=True))
        action = form["Action"]
        with self._lock:
            self.calls.append(action)
        try:
            self._admit(action)
            inner = getattr(self, f"_{action}", lambda _: "")(form)
        except Refusal as refusal:
            error = f"<Error><Code>{refusal.code}</Code><Message>{refusal.message}</Message></Error>"
            return refusal.status, "text/xml", f"<Response><Errors>{error}</Errors></Response>".encode()
        if not form["Version"].startswith("2016"):
            inner = f"<{action}Result>{inner}</{action}Result>"
        return 200, "text/xml", f"<{action}Response>{inner}</{action}Response>".encode()

    def _admit(self, action: str) -> None:
        if action in self.denied:
            raise Refusal("UnauthorizedOperation", "You are not authorized to perform this operation.", 403)

    # EC2

    def _DescribeInstances(self, _: dict[str, str]) -> str:
        return f"<reservationSet><item><instancesSet>{self._items()}</instancesSet></item></reservationSet>"

    def _items(self) -> str:
        return "".join(
            f"<item><instanceId>{each.identity}</instanceId><imageId>{each.image}</imageId>"
            f"<instanceState><name>{each.state}</name></instanceState><instanceType>t3.small</instanceType>"
            f"<privateIpAddress>{each.address}</privateIpAddress>"
            f"<tagSet><item><key>Name</key><value>{each.name}</value></item>{_group_tag(each)}</tagSet></item>"
            for each in self.machines.values()
        )

    def _DescribeImages(self, _: dict[str, str]) -> str:
        tag = "<tagSet><item><key>nixtui:system</key><value>{}</value></item></tagSet>"
        items = (
            f"<item><imageId>{each}</imageId><name>web</name>{tag.format(path)}</item>"
            for each, path in self.images.items()
        )
        return f"<imagesSet>{''.join(items)}</imagesSet>"

    def _DescribeInstanceStatus(self, _: dict[str, str]) -> str:
        items = (
            f"<item><instanceId>{each.identity}</instanceId><systemStatus><status>{each.system_check}</status>"
            f"</systemStatus><instanceStatus><status>ok</status></instanceStatus>{_event(each)}</item>"
            for each in self.machines.values()
        )
        return f"<instanceStatusSet>{''.join(items)}</instanceStatusSet>"

    def _DescribeInstanceImageMetadata(self, _: dict[str, str]) -> str:
        items = (
            f"<item><instanceId>{each.identity}</instanceId><imageMetadata><imageId>{each.image}</imageId>"
            f"<name>{each.image_name}</name></imageMetadata></item>"
            for each in self.machines.values()
            if each.image_name
        )
        return f"<instanceImageMetadataSet>{''.join(items)}</instanceImageMetadataSet>"

    def _DescribeAutoScalingGroups(self, _: dict[str, str]) -> str:
        members = (
            f"<member><AutoScalingGroupName>{name}</AutoScalingGroupName><LaunchTemplate>"
            f"<LaunchTemplateId>lt-{image}</LaunchTemplateId><Version>7</Version></LaunchTemplate></member>"
            for name, image in self.groups.items()
        )
        return f"<AutoScalingGroups>{''.join(members)}</AutoScalingGroups>"

    def _DescribeLaunchTemplateVersions(self, form: dict[str, str]) -> str:
        image = form["LaunchTemplateId"].removeprefix("lt-")
        if image in self.parameters:
            image = self.parameters[image] if form.get("ResolveAlias") == "true" else f"resolve:ssm:/{image}"
        data = f"<versionNumber>7</versionNumber><launchTemplateData><imageId>{image}</imageId></launchTemplateData>"
        return f"<launchTemplateVersionSet><item>{data}</item></launchTemplateVersionSet>"

    def _DescribeInstanceTypes(self, _: dict[str, str]) -> str:
        return "<instanceTypeSet><item><hypervisor>nitro</hypervisor></item></instanceTypeSet>"

    def _GetSerialConsoleAccessStatus(self, _: dict[str, str]) -> str:
        return "<serialConsoleAccessEnabled>true</serialConsoleAccessEnabled>"

    def _GetConsoleOutput(self, form: dict[str, str]) -> str:
        from base64 import b64encode

        machine = self._machine(form["InstanceId"])
        if form.get("Latest") == "true" and not machine.nitro:
            raise Refusal("UnsupportedOperation", "This instance type does not support retrieving the latest output.")
        output = b64encode(machine.console.encode()).decode()
        return f"<instanceId>{machine.identity}</instanceId><output>{output}</output>"

    def _machine(self, identity: str) -> Machine:
        if identity not in self.machines:
            raise Refusal("InvalidInstanceID.NotFound", f"The instance ID '{identity}' does not exist")
        return self.machines[identity]

    # SSM

    def _ssm(self, target: str, headers: Mapping[str, str], body: bytes) -> tuple[int, str, bytes]:
        action = target.removeprefix("AmazonSSM.")
        kind = "application/x-amz-json-1.1"
        try:
            if headers.get("Content-Type") != kind:
                raise Refusal("SerializationException", "another content type")
            with self._lock:
                self.calls.append(action)
            self._admit(action)
            answer = getattr(self, f"_ssm_{action}")(json.loads(body), len(body))
        except Refusal as refusal:
            told = {"__type": refusal.code, "message": refusal.message}
            return refusal.status, kind, json.dumps(told).encode()
        return 200, kind, json.dumps(answer).encode()

    def _ssm_DescribeInstanceInformation(self, request: dict[str, Any], _: int) -> dict[str, Any]:
        (wanted,) = request["Filters"]
        assert wanted["Key"] == "InstanceIds"
        found = [self.machines[each] for each in wanted["Values"] if each in self.machines]
        listed = [{"InstanceId": each.identity, "PingStatus": each.ping} for each in found if each.execute]
        return {"InstanceInformationList": listed}

    def _ssm_SendCommand(self, request: dict[str, Any], size: int) -> dict[str, Any]:
        allowed = {"InstanceIds", "DocumentName", "Parameters", "TimeoutSeconds", "Comment"}
        if unknown := request.keys() - allowed:
            raise Refusal("ValidationException", f"unexpected {sorted(unknown)}")
        if size > MOST_REQUEST_BYTES:
            raise Refusal("MaxDocumentSizeExceeded", f"{size} bytes")
        if request["DocumentName"] != "AWS-RunShellScript" or len(request["InstanceIds"]) != 1:
            raise Refusal("InvalidDocument", "another document, or not one instance")
        if not 30 <= request.get("TimeoutSeconds", 3600) <= 2592000 or len(request.get("Comment", "")) > 100:
            raise Refusal("ValidationException", "out of range")
        parameters = request["Parameters"]
        if unknown := parameters.keys() - {"commands", "executionTimeout", "workingDirectory"}:
            raise Refusal("InvalidParameters", f"unexpected {sorted(unknown)}")
        for values in parameters.values():
            if not isinstance(values, list) or not all(isinstance(each, str) for each in values):
                raise Refusal("SerializationException", "parameters are lists of strings")
        (limit,) = parameters.get("executionTimeout", ["3600"])
        if not re.fullmatch("[1-9][0-9]{0,5}", limit) or int(limit) > 172800:
            raise Refusal("InvalidParameters", "executionTimeout")
        self.may_send.wait(30)
        (identity,) = request["InstanceIds"]
        if identity not in self.machines or self.machines[identity].execute is None:
            raise Refusal("InvalidInstanceId", f"Instances [[{identity}]] not in a valid state for account")
        command = Command(str(uuid.uuid4()), identity, "\n".join(parameters["commands"]))
        with self._lock:
            self.sent.append(command)
        thread = threading.Thread(target=self._execute, args=(self.machines[identity], command), daemon=True)
        self._threads.append(thread)
        thread.start()
        return {"Command": {"CommandId": command.identity, "Status": "Pending", "InstanceIds": [identity]}}

    def _execute(self, machine: Machine, command: Command) -> None:
        assert machine.execute is not None
        if machine.is_cut_off:
            if not command.stop.wait(self.delivery_s):
                command.details, command.status = "Delivery Timed Out", "TimedOut"
            return
        command.status = command.details = "InProgress"
        done = machine.execute(command.script, command.stop)
        command.code, command.out, command.err = done.returncode, done.stdout, done.stderr
        if command.stop.is_set():
            command.details = command.status = "Cancelled"
        else:
            command.details = command.status = "Success" if done.returncode == 0 else "Failed"

    def _ssm_GetCommandInvocation(self, request: dict[str, Any], _: int) -> dict[str, Any]:
        if request.keys() != {"CommandId", "InstanceId"}:
            raise Refusal("ValidationException", "unexpected arguments")
        command = self._command(request["CommandId"])
        command.looked += 1
        if command.looked <= self.late_invocations or command.instance != request["InstanceId"]:
            raise Refusal("InvocationDoesNotExist", "")
        has_ended = command.status in ("Success", "Failed")
        return {
            "CommandId": command.identity,
            "InstanceId": command.instance,
            "Status": command.status,
            "StatusDetails": command.details,
            "ResponseCode": command.code,
            "StandardOutputContent": command.out[:STDOUT_CHARACTERS] if has_ended else "",
            "StandardErrorContent": command.err[:STDERR_CHARACTERS] if has_ended else "",
        }

    def _ssm_CancelCommand(self, request: dict[str, Any], _: int) -> dict[str, Any]:
        command = self._command(request["CommandId"])
        command.stop.set()
        if command.status == "Pending":
            command.status = command.details = "Cancelled"
        return {}

    def _command(self, identity: str) -> Command:
        found = [each for each in self.sent if each.identity == identity]
        if not found:
            raise Refusal("InvalidCommandId", "")
        return found[0]


def _group_tag(machine: Machine) -> str:
    key = "aws:autoscaling:groupName"
    return f"<item><key>{key}</key><value>{machine.group}</value></item>" if machine.group else ""


def _event(machine: Machine) -> str:
    if not machine.event:
        return ""
    code, moment, description = machine.event.split(" ", 2)
    told = f"<code>{code}</code><notBefore>{moment}</notBefore><description>{description}</description>"
    return f"<eventsSet><item>{told}</item></eventsSet>"


def a_shell(*command: str, environ: Mapping[str, str] | None = None) -> Execute:
    """An agent that runs scripts with `command` (`sh`, or what enters a container first)."""

    def execute(script: str, stop: threading.Event) -> subprocess.CompletedProcess[str]:
        process = subprocess.Popen(
            [*command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            errors="replace", env=dict(environ) if environ is not None else None,
        )  # fmt: skip
        out = err = ""
        try:
            out, err = process.communicate(script, timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        return subprocess.CompletedProcess(command, process.returncode, out, err)

    return execute


def listed(*fingerprints: tuple[str, str]) -> str:
    """A console that has these host keys (fingerprint, kind)."""
    lines = [f"256 {fingerprint} root@nixos ({kind})" for fingerprint, kind in fingerprints]
    marks = ("-----BEGIN SSH HOST KEY FINGERPRINTS-----", "-----END SSH HOST KEY FINGERPRINTS-----")
    return "\r\n".join(("<<< NixOS Stage 1 >>>", marks[0], *lines, marks[1], escape("nixos login: ")))
