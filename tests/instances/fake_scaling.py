"""Auto scaling with its instance refreshes on loopback, as the documents say that they go; a little of EC2 beside it.

Time goes on by one step with each DescribeInstanceRefreshes that is about a refresh that runs.
"""

import os
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl

REGION = "eu-central-1"
TEMPLATE = "lt-0a1b2c3d"


class Refusal(Exception):
    """An answer that is an error."""

    def __init__(self, code: str, message: str = "", status: int = 400) -> None:
        super().__init__(code)
        self.code, self.message, self.status = code, message, status


@dataclass
class RefreshOfFake:
    """One refresh; `order` is how its instances go."""

    identity: str
    form: dict[str, str]
    version: str
    before: str
    status: str = "Pending"
    percent: int = 0
    reason: str = ""
    held: set[int] = field(default_factory=set)
    baking: int = 0


class FakeScaling:
    """One group `web` of `size` instances that starts version `version` of a template. Use as a context manager."""

    def __init__(self, *, size: int = 4, version: str = "1", image: str = "ami-0000000a") -> None:
        self.versions: list[dict[str, str]] = [{"ImageId": image, "InstanceType": "t3.micro"}]
        self.version = version
        self.instances = [image] * size
        self.images = {image, "ami-0000000b"}
        self.broken: set[str] = set()
        self.alarms: set[str] = set()
        self.refreshes: list[RefreshOfFake] = []
        self.calls: list[str] = []
        self.denied: set[str] = set()
        self.tokens: dict[str, int] = {}
        self.statuses: list[str] = []
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                form = dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
                status, body = fake.answer(form)
                self.send_response(status)
                self.send_header("Content-Type", "text/xml")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    def __enter__(self) -> "FakeScaling":
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

    def answer(self, form: dict[str, str]) -> tuple[int, bytes]:
        action = form["Action"]
        ec2 = form["Version"].startswith("2016")
        with self._lock:
            self.calls.append(action)
            try:
                if action in self.denied:
                    raise Refusal("UnauthorizedOperation" if ec2 else "AccessDenied", "no", 403)
                inner = getattr(self, f"_{action}")(form)
            except Refusal as refusal:
                error = f"<Error><Code>{refusal.code}</Code><Message>{refusal.message}</Message></Error>"
                whole = (
                    f"<Response><Errors>{error}</Errors></Response>"
                    if ec2
                    else f"<ErrorResponse>{error}</ErrorResponse>"
                )
                return refusal.status, whole.encode()
        if not ec2:
            inner = f"<{action}Result>{inner}</{action}Result>"
        return 200, f"<{action}Response>{inner}</{action}Response>".encode()

    def number(self, version: str) -> int:
        return len(self.versions) if version == "$Latest" else 1 if version == "$Default" else int(version)

    def _DescribeImages(self, form: dict[str, str]) -> str:
        identity = form["ImageId.1"]
        if identity not in self.images:
            raise Refusal("InvalidAMIID.NotFound", f"The image id '[{identity}]' does not exist")
        item = f"<item><imageId>{identity}</imageId><name>web</name><imageState>available</imageState></item>"
        return f"<imagesSet>{item}</imagesSet>"

    def _DescribeLaunchTemplateVersions(self, form: dict[str, str]) -> str:
        number = self.number(form["LaunchTemplateVersion.1"])
        return f"<launchTemplateVersionSet>{self._item('item', number)}</launchTemplateVersionSet>"

    def _item(self, tag: str, number: int) -> str:
        image = self.versions[number - 1]["ImageId"]
        told = f"<launchTemplateData><imageId>{image}</imageId></launchTemplateData>"
        named = f"<launchTemplateId>{TEMPLATE}</launchTemplateId><versionNumber>{number}</versionNumber>"
        return f"<{tag}>{named}{told}</{tag}>"

    def _CreateLaunchTemplateVersion(self, form: dict[str, str]) -> str:
        if form["LaunchTemplateId"] != TEMPLATE or not form["SourceVersion"].isdecimal():
            raise Refusal("InvalidLaunchTemplateId.NotFound")
        token = form["ClientToken"]
        if token not in self.tokens:
            source = self.versions[int(form["SourceVersion"]) - 1]
            self.versions.append({**source, "ImageId": form["LaunchTemplateData.ImageId"]})
            self.tokens[token] = len(self.versions)
        return self._item("launchTemplateVersion", self.tokens[token])

    def _DescribeAutoScalingGroups(self, form: dict[str, str]) -> str:
        if form.get("AutoScalingGroupNames.member.1", "web") != "web":
            return "<AutoScalingGroups/>"
        template = f"<LaunchTemplateId>{TEMPLATE}</LaunchTemplateId><Version>{self.version}</Version>"
        group = f"<AutoScalingGroupName>web</AutoScalingGroupName><LaunchTemplate>{template}</LaunchTemplate>"
        group += f"<DesiredCapacity>{len(self.instances)}</DesiredCapacity>"
        members = "".join(f"<member><InstanceId>{each}</InstanceId></member>" for each in self._members())
        group += f"<Instances>{members}</Instances>"
        return f"<AutoScalingGroups><member>{group}</member></AutoScalingGroups>"

    def _members(self) -> list[str]:
        return [f"i-{number:08x}" for number in range(1, len(self.instances) + 1)]

    def _DescribeInstances(self, form: dict[str, str]) -> str:
        if form["Filter.1.Name"] != "instance-id":
            raise Refusal("InvalidParameterValue", form["Filter.1.Name"])
        asked = [value for name, value in form.items() if name.startswith("Filter.1.Value.")]
        items = "".join(
            f"<item><instanceId>{each}</instanceId><instanceState><name>running</name></instanceState></item>"
            for each in asked
            if each in self._members()
        )
        return f"<reservationSet><item><instancesSet>{items}</instancesSet></item></reservationSet>"

    def _running(self) -> RefreshOfFake | None:
        ended = ("Successful", "Failed", "Cancelled", "RollbackSuccessful", "RollbackFailed")
        return next((each for each in self.refreshes if each.status not in ended), None)

    def _back_is_possible(self) -> bool:
        number = self.version
        return number.isdecimal() and self.versions[int(number) - 1]["ImageId"].startswith("ami-")

    def _StartInstanceRefresh(self, form: dict[str, str]) -> str:
        if self._running():
            raise Refusal("InstanceRefreshInProgress", "An Instance Refresh is already in progress")
        version = form["DesiredConfiguration.LaunchTemplate.Version"]
        if not version.isdecimal() or int(version) > len(self.versions):
            raise Refusal("ValidationError", "no such version")
        if form.get("Preferences.AutoRollback") == "true" and not self._back_is_possible():
            raise Refusal("ValidationError", "AutoRollback needs a numbered launch template version")
        checkpoints = self._checkpoints(form)
        if checkpoints and (
            checkpoints != sorted(set(checkpoints)) or not 1 <= checkpoints[0] <= checkpoints[-1] <= 100
        ):
            raise Refusal("ValidationError", "checkpoints rise from 1 to 100")
        self.refreshes.insert(0, RefreshOfFake(os.urandom(8).hex(), form, version, self.version))
        return f"<InstanceRefreshId>{self.refreshes[0].identity}</InstanceRefreshId>"

    @staticmethod
    def _checkpoints(form: dict[str, str]) -> list[int]:
        return [int(form[key]) for key in sorted(form) if key.startswith("Preferences.CheckpointPercentages.member.")]

    def _CancelInstanceRefresh(self, _form: dict[str, str]) -> str:
        if not (refresh := self._running()):
            raise Refusal("ActiveInstanceRefreshNotFound", "No in progress or pending Instance Refresh found")
        refresh.status = "Cancelling"
        return f"<InstanceRefreshId>{refresh.identity}</InstanceRefreshId>"

    def _RollbackInstanceRefresh(self, _form: dict[str, str]) -> str:
        if not (refresh := self._running()):
            raise Refusal("ActiveInstanceRefreshNotFound", "No in progress or pending Instance Refresh found")
        if not self._back_is_possible():
            raise Refusal("IrreversibleInstanceRefresh", "it cannot be rolled back")
        refresh.status = "RollbackInProgress"
        return f"<InstanceRefreshId>{refresh.identity}</InstanceRefreshId>"

    def _DescribeInstanceRefreshes(self, form: dict[str, str]) -> str:
        if running := self._running():
            self._step(running)
            self.statuses.append(running.status)
        wanted = form.get("InstanceRefreshIds.member.1")
        found = [each for each in self.refreshes if wanted in (None, each.identity)]
        return f"<InstanceRefreshes>{''.join(self._told(each) for each in found)}</InstanceRefreshes>"

    def _told(self, refresh: RefreshOfFake) -> str:
        old = sum(each != self.versions[int(refresh.version) - 1]["ImageId"] for each in self.instances)
        return (
            f"<member><InstanceRefreshId>{refresh.identity}</InstanceRefreshId>"
            f"<AutoScalingGroupName>web</AutoScalingGroupName><Status>{refresh.status}</Status>"
            f"<StatusReason>{refresh.reason}</StatusReason><PercentageComplete>{refresh.percent}</PercentageComplete>"
            f"<InstancesToUpdate>{old}</InstancesToUpdate></member>"
        )

    def _step(self, refresh: RefreshOfFake) -> None:
        new = self.versions[int(refresh.version) - 1]["ImageId"]
        old = self.versions[self.number(refresh.before) - 1]["ImageId"]
        match refresh.status:
            case "Pending":
                refresh.status = "InProgress"
            case "InProgress":
                self._replace(refresh, new)
            case "Baking":
                self._baked(refresh)
            case "Cancelling":
                refresh.status = "Cancelled"
            case "RollbackInProgress":
                self.instances = [old] * len(self.instances)
                refresh.status, refresh.percent = "RollbackSuccessful", 0

    def _replace(self, refresh: RefreshOfFake, new: str) -> None:
        if new in self.broken or self.alarms & self._alarms_of(refresh):
            self._fail(refresh, "instances failed their health checks" if new in self.broken else "an alarm went off")
            return
        for checkpoint in self._checkpoints(refresh.form):
            if checkpoint <= refresh.percent < 100 and checkpoint not in refresh.held:
                refresh.held.add(checkpoint)
                refresh.reason = f"checkpoint {checkpoint} reached, waiting"
                return
        index = next((number for number, image in enumerate(self.instances) if image != new), None)
        if index is not None:
            self.instances[index] = new
        refresh.percent = 100 * self.instances.count(new) // len(self.instances)
        if refresh.percent == 100:
            if int(refresh.form.get("Preferences.BakeTime", "0")):
                refresh.status = "Baking"
            else:
                self._baked(refresh)

    def _baked(self, refresh: RefreshOfFake) -> None:
        if self.alarms & self._alarms_of(refresh):
            self._fail(refresh, "an alarm went off")
            return
        refresh.status, self.version = "Successful", refresh.version

    @staticmethod
    def _alarms_of(refresh: RefreshOfFake) -> set[str]:
        return {value for key, value in refresh.form.items() if key.startswith("Preferences.AlarmSpecification.Alarms")}

    @staticmethod
    def _fail(refresh: RefreshOfFake, reason: str) -> None:
        back = refresh.form.get("Preferences.AutoRollback") == "true"
        refresh.status, refresh.reason = "RollbackInProgress" if back else "Failed", reason
