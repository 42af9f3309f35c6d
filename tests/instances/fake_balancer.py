"""A load balancer with two target groups on loopback, and the alarms of CloudWatch beside it.

As the documents have it: a group that nothing names has no health checks (`unused`); one that is named becomes healthy
by one look. Weights are 0 to 999, every forward names groups that exist, and a listener has one forward at its end.
"""

import json
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

from tests.aws.fake_cloud import unflatten

REGION = "eu-central-1"
PREFIX = f"arn:aws:elasticloadbalancing:{REGION}:123456789012"
LISTENER = f"{PREFIX}:listener/app/shop/0a1b2c3d/4e5f6071"
RULE = f"{PREFIX}:listener-rule/app/shop/0a1b2c3d/4e5f6071/8a9b0c1d"


def group(name: str) -> str:
    return f"{PREFIX}:targetgroup/{name}/0123456789abcdef"


class FakeBalancer:
    """`shop` forwards to `blue`; `green` is there as well. Use as a context manager.

    `broken_at` is the share of traffic from which on the targets of `green` are unhealthy.
    """

    def __init__(self) -> None:
        self.actions: dict[str, list[dict[str, Any]]] = {
            each: [{"Type": "forward", "TargetGroupArn": group("blue"), "Order": "1"}] for each in (LISTENER, RULE)
        }
        self.targets = {"blue": 2, "green": 2}
        self.looks: dict[str, int] = {}
        self.broken_at: int | None = None
        self.alarms = {"errors": "OK"}
        self.alarm_at: int | None = None
        self.history: list[dict[str, int]] = []
        self.denied: set[str] = set()
        self.meddle_at: int | None = None
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, kind, answer = fake.answer(self.headers.get("X-Amz-Target", ""), body)
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                pass

        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    def __enter__(self) -> "FakeBalancer":
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
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

    def shares(self, of: str = LISTENER) -> dict[str, int]:
        """Each named group and its weight."""
        last = self.actions[of][-1]
        config = last.get("ForwardConfig", {}).get("TargetGroups", {}).get("member")
        groups = config or [{"TargetGroupArn": last["TargetGroupArn"], "Weight": "1"}]
        return {each["TargetGroupArn"].split("/")[1]: int(each["Weight"]) for each in groups}

    def answer(self, target: str, body: bytes) -> tuple[int, str, bytes]:
        with self._lock:
            if target.endswith(".DescribeAlarms"):
                green = self.shares().get("green", 0)
                if self.alarm_at is not None and green >= self.alarm_at:
                    self.alarms["errors"] = "ALARM"
                told = [{"AlarmName": name, "StateValue": state} for name, state in self.alarms.items()]
                return 200, "application/x-amz-json-1.0", json.dumps({"MetricAlarms": told}).encode()
            form = unflatten(parse_qsl(body.decode(), keep_blank_values=True))
            action = form["Action"]
            if action in self.denied:
                return self._error(403, "AccessDenied")
            if action == "DescribeInstances":
                return 200, "text/xml", f"<{action}Response>{self._instances(form)}</{action}Response>".encode()
            try:
                inner = getattr(self, f"_{action}")(form)
            except KeyError:
                return self._error(400, "TargetGroupNotFound")
            except ValueError:
                return self._error(400, "ValidationError")
            ec2 = form["Version"].startswith("2016")
            whole = inner if ec2 else f"<{action}Result>{inner}</{action}Result>"
            told = f"<{action}Response>{whole}</{action}Response>"
            return 200, "text/xml", told.encode()

    @staticmethod
    def _error(status: int, code: str) -> tuple[int, str, bytes]:
        told = f"<ErrorResponse><Error><Code>{code}</Code><Message>no</Message></Error></ErrorResponse>"
        return status, "text/xml", told.encode()

    def _DescribeListeners(self, form: dict[str, Any]) -> str:
        (arn,) = form["ListenerArns"]["member"]
        return f"<Listeners><member><DefaultActions>{self._actions(arn)}</DefaultActions></member></Listeners>"

    def _DescribeRules(self, form: dict[str, Any]) -> str:
        (arn,) = form["RuleArns"]["member"]
        return f"<Rules><member><Actions>{self._actions(arn)}</Actions></member></Rules>"

    def _actions(self, arn: str) -> str:
        return "".join(f"<member>{_xml(each)}</member>" for each in self.actions[arn])

    def _ModifyListener(self, form: dict[str, Any]) -> str:
        self._modify(form["ListenerArn"], form["DefaultActions"]["member"])
        return "<Listeners/>"

    def _ModifyRule(self, form: dict[str, Any]) -> str:
        self._modify(form["RuleArn"], form["Actions"]["member"])
        return "<Rules/>"

    def _modify(self, arn: str, actions: list[dict[str, Any]]) -> None:
        if [each["Type"] for each in actions].count("forward") != 1 or actions[-1]["Type"] != "forward":
            raise ValueError
        for each in actions[-1]["ForwardConfig"]["TargetGroups"]["member"]:
            if not 0 <= int(each["Weight"]) <= 999 or each["TargetGroupArn"].split("/")[1] not in self.targets:
                raise ValueError
        self.actions[arn] = actions
        self.history.append(self.shares(arn))
        if self.meddle_at is not None and self.shares(arn).get("green") == self.meddle_at:
            self.actions[arn][-1]["ForwardConfig"]["TargetGroups"]["member"][0]["Weight"] = "70"

    def _DescribeTargetGroups(self, form: dict[str, Any]) -> str:
        arns = form.get("TargetGroupArns", {}).get("member", [])
        (name,) = [each.split("/")[1] for each in arns] or form["Names"]["member"]
        if name not in self.targets:
            raise KeyError(name)
        inner = f"<TargetGroupArn>{group(name)}</TargetGroupArn><TargetGroupName>{name}</TargetGroupName>"
        return f"<TargetGroups><member>{inner}</member></TargetGroups>"

    def _DescribeTargetHealth(self, form: dict[str, Any]) -> str:
        name = form["TargetGroupArn"].split("/")[1]
        state, why = self._state(name)
        told = f"<State>{state}</State>" + (f"<Description>{why}</Description>" if why else "")
        each = "".join(
            f"<member><Target><Id>{target}</Id></Target><TargetHealth>{told}</TargetHealth></member>"
            for target in self._members(name)
        )
        return f"<TargetHealthDescriptions>{each}</TargetHealthDescriptions>"

    def _members(self, name: str) -> list[str]:
        return [f"i-{name}{number}" for number in range(1, self.targets[name] + 1)]

    def _instances(self, form: dict[str, Any]) -> str:
        asked = form["Filter"][0]
        if asked["Name"] != "instance-id":
            raise ValueError(asked["Name"])
        known = {each for name in self.targets for each in self._members(name)}
        items = "".join(
            f"<item><instanceId>{each}</instanceId><instanceState><name>running</name></instanceState></item>"
            for each in asked["Value"]
            if each in known
        )
        return f"<reservationSet><item><instancesSet>{items}</instancesSet></item></reservationSet>"

    def _state(self, name: str) -> tuple[str, str]:
        named = {**self.shares(RULE), **self.shares()}
        if name not in named:
            return "unused", "Target group is not configured to receive traffic from the load balancer"
        self.looks[name] = self.looks.get(name, 0) + 1
        if name == "green" and self.broken_at is not None and named[name] >= self.broken_at:
            return "unhealthy", "Health checks failed with these codes: [502]"
        return ("initial", "") if self.looks[name] == 1 else ("healthy", "")


def _xml(value: Any) -> str:
    if isinstance(value, dict):
        return "".join(
            "".join(f"<member>{_xml(one)}</member>" for one in each)
            if key == "member"
            else f"<{key}>{_xml(each)}</{key}>"
            for key, each in value.items()
        )
    return str(value)
