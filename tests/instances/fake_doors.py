"""The doors of instances on loopback: EC2 Instance Connect, the serial console and Session Manager.

Requests are held to botocore's own models: unknown and missing parameters, lengths, ranges and patterns. A key that is
pushed is in the file that a real sshd reads, and out of it after a minute.
"""

import base64
import gzip
import json
import re
import threading
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import botocore

from tests.instances.fake_machines import FakeMachines, Machine, Refusal

TARGET = "AWSEC2InstanceConnectService."
TOKEN = "AAEAAT0kens-are-nobodys-business+/="
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF-a-screen-\xff\xd9"


@cache
def _model(service: str) -> dict[str, Any]:
    folder = Path(botocore.__file__).parent / "data" / service
    newest = max(path for path in folder.iterdir() if path.is_dir())
    return json.loads(gzip.decompress((newest / "service-2.json.gz").read_bytes()))


def hold_to_model(service: str, action: str, request: Mapping[str, Any], refusal: str) -> None:
    """Refuse what AWS's description of the action does not allow."""
    model = _model(service)
    shape = model["shapes"][model["operations"][action]["input"]["shape"]]
    if unknown := request.keys() - shape["members"].keys():
        raise Refusal(refusal, f"unexpected {sorted(unknown)}")
    if missing := set(shape.get("required", ())) - request.keys():
        raise Refusal(refusal, f"missing {sorted(missing)}")
    for name, value in request.items():
        rules = model["shapes"][shape["members"][name]["shape"]]
        size = len(value) if isinstance(value, str) else value
        if isinstance(value, str) != (rules["type"] == "string"):
            raise Refusal(refusal, f"{name} is a {rules['type']}")
        if not rules.get("min", 0) <= size <= rules.get("max", 2**31):
            raise Refusal(refusal, f"{name} is out of range: {size}")
        if "pattern" in rules and not re.search(rules["pattern"].replace("\\@", "@"), str(value)):
            raise Refusal(refusal, f"{name} does not match {rules['pattern']}")


class FakeDoors(FakeMachines):
    """`pushed` is where keys of EC2 Instance Connect go, `serial` where those of the serial console do.

    `key_lives_s` is a minute, as AWS has it; `sessions` are those of Session Manager that are open.
    """

    def __init__(self, *machines: Machine, pushed: Path | None = None, serial: Path | None = None) -> None:
        super().__init__(*machines)
        self.files = {"SendSSHPublicKey": pushed, "SendSerialConsoleSSHPublicKey": serial}
        self.key_lives_s = 60.0
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.sessions: set[str] = set()
        self.ended: list[str] = []
        self.plugins_leave = True  # a plugin that ends has left its session; otherwise its link was cut
        self.serial_is_allowed = True
        self.taken_at: str | None = "2026-11-24T03:12:41.000Z"
        self.has_picture = True
        self._timers: list[threading.Timer] = []

    def __exit__(self, *error: object) -> None:
        for each in self._timers:
            each.cancel()
        super().__exit__(*error)

    def answer(self, headers: Mapping[str, str], body: bytes) -> tuple[int, str, bytes]:
        target = headers.get("X-Amz-Target") or ""
        if not target.startswith(TARGET):
            return super().answer(headers, body)
        kind, action = "application/x-amz-json-1.1", target.removeprefix(TARGET)
        try:
            assert headers.get("Content-Type") == kind
            self.calls.append(action)
            if action in self.denied:
                raise Refusal("AccessDeniedException", "User is not authorized to perform this", 400)
            answer = self._push(action, json.loads(body))
        except Refusal as refusal:
            told = {"__type": refusal.code, "Message": refusal.message}
            return refusal.status, kind, json.dumps(told).encode()
        return 200, kind, json.dumps(answer).encode()

    def _push(self, action: str, request: dict[str, Any]) -> dict[str, Any]:
        hold_to_model("ec2-instance-connect", action, request, "InvalidArgsException")
        if request["InstanceId"] not in self.machines:
            raise Refusal("EC2InstanceNotFoundException", "no such instance")
        machine = self.machines[request["InstanceId"]]
        if machine.state != "running":
            raise Refusal("EC2InstanceStateInvalidException", "not in a valid state")
        if not re.match(r"(ssh-ed25519|ssh-rsa) [A-Za-z0-9+/=]+( |$)", request["SSHPublicKey"]):
            raise Refusal("InvalidArgsException", "no key that is supported")
        if action == "SendSerialConsoleSSHPublicKey":
            if not self.serial_is_allowed:
                raise Refusal("SerialConsoleAccessDisabledException", "not authorized to use the serial console")
            if not machine.nitro:
                raise Refusal("EC2InstanceTypeInvalidException", "only Nitro")
        self.asked.append((action, request))
        if (file := self.files[action]) is not None:
            file.write_text(request["SSHPublicKey"] + "\n")
            timer = threading.Timer(self.key_lives_s, file.write_text, [""])
            timer.daemon = True
            timer.start()
            self._timers.append(timer)
        return {"RequestId": "r-1", "Success": True}

    # Session Manager

    def _ssm_StartSession(self, request: dict[str, Any], _: int) -> dict[str, Any]:
        hold_to_model("ssm", "StartSession", request, "ValidationException")
        machine = self.machines.get(request["Target"])
        if machine is None or machine.execute is None or machine.ping != "Online":
            raise Refusal("TargetNotConnected", f"{request['Target']} is not connected.")
        self.asked.append(("StartSession", request))
        identity = f"me-{len(self.asked):017x}"
        self.sessions.add(identity)
        return {"SessionId": identity, "TokenValue": TOKEN, "StreamUrl": f"wss://ssmmessages/{identity}"}

    def _ssm_DescribeSessions(self, request: dict[str, Any], _: int) -> dict[str, Any]:
        ((state, filters),) = [(request["State"], request["Filters"])]
        assert (state, [each["key"] for each in filters]) == ("Active", ["SessionId"])
        if self.plugins_leave:
            self.sessions.discard(filters[0]["value"])
        open_still = self.sessions & {filters[0]["value"]}
        return {"Sessions": [{"SessionId": each, "Status": "Connected"} for each in open_still]}

    def _ssm_TerminateSession(self, request: dict[str, Any], _: int) -> dict[str, Any]:
        hold_to_model("ssm", "TerminateSession", request, "ValidationException")
        self.sessions.discard(request["SessionId"])
        self.ended.append(request["SessionId"])
        return {"SessionId": request["SessionId"]}

    # What EC2 tells

    def _GetSerialConsoleAccessStatus(self, _: dict[str, str]) -> str:
        return f"<serialConsoleAccessEnabled>{str(self.serial_is_allowed).lower()}</serialConsoleAccessEnabled>"

    def _DescribeInstanceTypes(self, _: dict[str, str]) -> str:
        nitro = all(each.nitro for each in self.machines.values())
        return f"<instanceTypeSet><item><hypervisor>{'nitro' if nitro else 'xen'}</hypervisor></item></instanceTypeSet>"

    def _GetConsoleOutput(self, form: dict[str, str]) -> str:
        told = super()._GetConsoleOutput(form)
        return told + (f"<timestamp>{self.taken_at}</timestamp>" if self.taken_at else "")

    def _GetConsoleScreenshot(self, form: dict[str, str]) -> str:
        machine = self._machine(form["InstanceId"])
        if machine.state != "running":
            raise Refusal("IncorrectInstanceState", f"The instance '{machine.identity}' is not in the 'running' state")
        data = base64.b64encode(JPEG).decode() if self.has_picture else ""
        return f"<instanceId>{machine.identity}</instanceId><imageData>{data}</imageData>"
