"""The world of the demo's AWS put into moto's memory: by its calls half of it would be lost, and all of it slow."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from moto.autoscaling import autoscaling_backends
from moto.ec2 import ec2_backends
from moto.ec2.models.amis import Ami
from moto.ec2.models.instances import Instance
from moto.iam import iam_backends
from moto.moto_api._internal import mock_random
from moto.ssm import ssm_backends

ACCOUNT = "123456789012"
"""moto's own."""

_PROFILE = "shop-host"
_KEY_PAIR = "on-call"
_SUBNETS = ("public", "private")


@dataclass(slots=True)
class Cloud:
    """What moto has no place for. `each_s` is how long one instance of a roll takes; `agents` are by instance, `gone`
    the names of deregistered images, `images` their ids by region and key.
    """

    each_s: float
    agents: dict[str, str] = field(default_factory=dict)
    gone: dict[str, str] = field(default_factory=dict)
    images: dict[tuple[str, str], str] = field(default_factory=dict)
    networks: dict[str, str] = field(default_factory=dict)
    firewalls: dict[str, str] = field(default_factory=dict)
    refreshes: list[Any] = field(default_factory=list)
    bin: list[Any] = field(default_factory=list)

    @staticmethod
    def ec2(region: str) -> Any:
        """moto's memory of EC2 there."""
        return ec2_backends[ACCOUNT][region]

    @staticmethod
    def scaling(region: str) -> Any:
        """moto's memory of auto scaling there."""
        return autoscaling_backends[ACCOUNT][region]

    @staticmethod
    def ssm(region: str) -> Any:
        """moto's memory of SSM there."""
        return ssm_backends[ACCOUNT][region]


def seed(world: dict[str, Any]) -> Cloud:
    """Fill moto with this."""
    _mend()
    mock_random.seed(world["seed"])  # ids: instances of a demo that is started again are the same
    cloud = Cloud(world["each_s"])
    iam_backends[ACCOUNT]["aws"].create_instance_profile(_PROFILE, "/", [])
    for region in world["regions"]:
        _seed_region(cloud, region)
    for image in world["images"]:
        _seed_image(cloud, image)
    templates = {group["name"]: _seed_template(cloud, group) for group in world["groups"]}
    grouped = {name: group for group in world["groups"] for name in group["members"]}
    members: dict[str, list[str]] = {}
    for told in world["instances"]:
        group = grouped.get(told["name"])
        instance = _seed_instance(cloud, told, group, templates, world["now"])
        if group is not None:
            members.setdefault(group["name"], []).append(instance.id)
    for group in world["groups"]:
        _seed_group(cloud, group, templates[group["name"]], members.get(group["name"], []))
    for image in [each for each in world["images"] if each["gone"]]:
        cloud.ec2(image["region"]).deregister_image(cloud.images[image["region"], image["key"]])
    for told in world["parameters"]:
        _seed_parameter(cloud, told)
    return cloud


def _mend() -> None:
    """Checks that can fail, and disks of their own size."""

    def told(self: Any, name: str) -> dict[str, Any]:
        if self.state_code != 16:
            return {"Status": "not-applicable"}
        status = getattr(self, name, "ok")
        passed = "passed" if status == "ok" else "failed"
        return {"Details": [{"Name": "reachability", "Status": passed}], "Status": status}

    def disks(self: Any) -> list[dict[str, Any]]:
        disk = {"SnapshotId": self.ebs_snapshot.id, "VolumeSize": getattr(self, "demo_gib", 8), "VolumeType": "gp3"}
        return [{"DeviceName": self.root_device_name, "Ebs": disk}]

    Ami.block_device_mappings = property(disks)
    Instance.instance_status = property(lambda self: told(self, "demo_instance_status"))
    Instance.system_status = property(lambda self: told(self, "demo_system_status"))


def _seed_region(cloud: Cloud, region: str) -> None:
    ec2 = cloud.ec2(region)
    ec2.create_key_pair(_KEY_PAIR, "ed25519", {})
    for number, subnet in enumerate(sorted(ec2.describe_subnets(), key=lambda each: str(each.availability_zone))):
        cloud.networks.setdefault(region, str(subnet.vpc_id))
        subnet.add_tags({"Name": f"{_SUBNETS[number % 2]}-{str(subnet.availability_zone)[-1]}"})
    group = ec2.create_security_group("shop", "SSH from the VPN, HTTP from the load balancers", cloud.networks[region])
    cloud.firewalls[region] = str(group.id)


def _identity(kind: str, *of: str) -> str:
    return f"{kind}-0{sha256(' '.join(of).encode()).hexdigest()[:16]}"


def _moment(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)


def _seed_image(cloud: Cloud, told: dict[str, Any]) -> None:
    region = told["region"]
    ec2, identity = cloud.ec2(region), _identity("ami", region, told["key"])
    is_own = told["owner"] == "self"
    ami = Ami(
        ec2,
        identity,
        name=told["name"],
        owner_id=None if is_own else told["owner"],
        public=not is_own,
        architecture="arm64" if "aarch64" in told["name"] else "x86_64",
        virtualization_type="hvm",
        hypervisor="xen",
        creation_date=_moment(told["created_at"]),
        root_device_type="ebs",
        root_device_name="/dev/xvda",
        region_name=f"{region}a",
        boot_mode="uefi" if "aarch64" in told["name"] else "legacy-bios",
        tags=dict(told["tags"]) or None,
    )
    ami.demo_gib = told["gib"]
    if told["deprecated_days"]:
        ami.deprecation_time = f"{_moment(told['created_at'] + told['deprecated_days'] * 86400):%Y-%m-%dT%H:%M:00.000Z}"
    ec2.amis[identity] = ami
    cloud.images[region, told["key"]] = identity
    if told["gone"]:
        cloud.gone[identity] = told["name"]


def _seed_template(cloud: Cloud, group: dict[str, Any]) -> Any:
    region = group["region"]
    versions = [
        {"ImageId": cloud.images[region, key], "InstanceType": group["type"], "KeyName": _KEY_PAIR}
        for key in group["images"]
    ]
    template = cloud.ec2(region).create_launch_template(group["name"], "", versions[0], {})
    for version in versions[1:]:
        template.create_version(version, "")
    return template


def _seed_instance(
    cloud: Cloud, told: dict[str, Any], group: dict[str, Any] | None, templates: dict[str, Any], now: float
) -> Any:
    region = told["zone"][:-1]
    more: dict[str, Any] = {}
    if group is not None:
        version = str(group["members"][told["name"]])
        more["launch_template"] = {"LaunchTemplateId": templates[group["name"]].id, "Version": version}
    instance = launch(
        cloud, region, cloud.images[region, told["image"]], told["type"], told["tags"], zone=told["zone"], **more
    )
    instance.launch_time = _moment(told["launched_at"])
    for nic in instance.nics.values():
        nic.attach_time = instance.launch_time  # which tells when it was made
    instance.demo_host_key = told["host_key"]
    if not told["is_public"]:
        make_private(instance)
    if told["agent"] is not None:
        cloud.agents[instance.id] = told["agent"]
        instance.iam_instance_profile = {"Arn": f"arn:aws:iam::{ACCOUNT}:instance-profile/{_PROFILE}", "Id": "AIPADEMO"}
    if told["impaired"]:
        instance.demo_instance_status = "impaired"
    if told["event_in_days"] is not None:
        begins = _moment(now) + timedelta(days=told["event_in_days"])
        instance.events = [
            {
                "InstanceEventId": _identity("instance-event", told["name"]),
                "Code": "instance-stop",
                "Description": "The instance is running on degraded hardware",
                "NotBefore": begins.replace(microsecond=0),
            }
        ]
    return instance


def make_private(instance: Any) -> None:
    """Take its public address away."""
    for nic in instance.nics.values():
        nic.public_ip = None
    instance.associate_public_ip = False


def launch(
    cloud: Cloud, region: str, image: str, kind: str, tags: dict[str, str], *, zone: str | None = None, **more: Any
) -> Any:
    """One instance in moto's memory."""
    reservation = cloud.ec2(region).run_instances(
        image,
        1,
        None,
        [],
        instance_type=kind,
        is_instance_type_default=False,
        placement=zone,
        region_name=region,
        key_name=_KEY_PAIR,
        security_group_ids=[cloud.firewalls[region]],
        tags={"instance": dict(tags)},
        metadata_options={"HttpTokens": "required"},
        **more,
    )
    return reservation.instances[0]


def _seed_group(cloud: Cloud, group: dict[str, Any], template: Any, members: list[str]) -> None:
    scaling = cloud.scaling(group["region"])
    scaling.create_auto_scaling_group(
        name=group["name"],
        availability_zones=[f"{group['region']}{zone}" for zone in "abc"],
        desired_capacity=0,
        max_size=max(8, len(members)),
        min_size=0,
        launch_config_name="",
        launch_template={"LaunchTemplateId": template.id, "Version": group["version"]},
        vpc_zone_identifier=None,
        default_cooldown=None,
        health_check_period=None,
        health_check_type="EC2",
        load_balancers=[],
        target_group_arns=[],
        placement_group=None,
        termination_policies=[],
        tags=[],
    )
    scaling.attach_instances(group["name"], members)


def _seed_parameter(cloud: Cloud, told: dict[str, Any]) -> None:
    image = cloud.images.get((told["region"], told["image"]))
    if image is not None:
        cloud.ssm(told["region"]).put_parameter(
            name=told["name"],
            description="",
            value=image,
            parameter_type="String",
            allowed_pattern="",
            keyid="",
            overwrite=False,
            tags=[],
            data_type="aws:ec2:image",
            tier=None,
            policies=None,
        )
