"""What moto has no answer to, answered as AWS does: the agents of SSM, images that are gone, rolls of groups.

Each answer is the inside of EC2's and Auto Scaling's XML, or what SSM says in JSON. Parameters are the flat form.
"""

import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import escape

from nixtui.demo.cloud_bin import BIN, throw_away
from nixtui.demo.cloud_console import console, taken_at
from nixtui.demo.cloud_refresh import REFRESHES, Refusal
from nixtui.demo.cloud_seed import Cloud

__all__ = ["ANSWERS", "Refusal"]

Answer = Callable[[Cloud, str, Mapping[str, Any]], Any]


def _numbered(asked: Mapping[str, Any], name: str) -> Iterator[str]:
    number = 1
    while (value := asked.get(f"{name}.{number}")) is not None:
        yield str(value)
        number += 1


def _agents(cloud: Cloud, region: str, asked: Mapping[str, Any]) -> Any:
    """ssm:DescribeInstanceInformation."""
    wanted = [value for each in asked.get("Filters", ()) for value in each.get("Values", ())]
    there = {each.id: each for each in cloud.ec2(region).all_instances()}
    return {
        "InstanceInformationList": [
            {"InstanceId": identity, "PingStatus": status, "AgentVersion": "3.3.2299.0", "PlatformType": "Linux"}
            for identity, status in cloud.agents.items()
            if identity in there and there[identity].state == "running" and (not wanted or identity in wanted)
        ]
    }


def _parameters(cloud: Cloud, region: str, asked: Mapping[str, Any]) -> Any:
    """ssm:DescribeParameters, also by data type, which moto refuses."""
    types = [
        value for each in asked.get("ParameterFilters", ()) if each["Key"] == "DataType" for value in each["Values"]
    ]
    found = [cloud.ssm(region).get_parameter(name) for name in tuple(cloud.ssm(region)._parameters)]
    return {
        "Parameters": [
            {"Name": each.name, "Type": each.parameter_type, "Version": each.version, "DataType": each.data_type}
            for each in found
            if each is not None and (not types or each.data_type in types)
        ]
    }


def _serial(_cloud: Cloud, _region: str, _asked: Mapping[str, Any]) -> str:
    """ec2:GetSerialConsoleAccessStatus."""
    return "<serialConsoleAccessEnabled>true</serialConsoleAccessEnabled>"


def _console(cloud: Cloud, region: str, asked: Mapping[str, Any]) -> str:
    """ec2:GetConsoleOutput, of a NixOS; moto has a boot of 2006."""
    instance = cloud.ec2(region).get_instance(str(asked["InstanceId"]))
    name = next((tag["value"] for tag in instance.get_tags() if tag["key"] == "Name"), instance.id)
    impaired = getattr(instance, "demo_instance_status", "ok") == "impaired"
    text = console(name, getattr(instance, "demo_host_key", None), impaired=impaired)
    told = f"<instanceId>{instance.id}</instanceId><timestamp>{taken_at(time.time())}</timestamp>"
    return f"{told}<output>{b64encode(text.encode()).decode()}</output>"


def _image_metadata(cloud: Cloud, region: str, asked: Mapping[str, Any]) -> str:
    """ec2:DescribeInstanceImageMetadata: the names of images that are gone."""
    ec2, items = cloud.ec2(region), ""
    for identity in _numbered(asked, "InstanceId"):
        image = ec2.get_instance(identity).image_id
        name = cloud.gone.get(image) or (ec2.amis[image].name if image in ec2.amis else None)
        told = f"<imageId>{image}</imageId>" + (f"<name>{escape(name)}</name>" if name else "")
        items += f"<item><instanceId>{identity}</instanceId><imageMetadata>{told}</imageMetadata></item>"
    return f"<instanceImageMetadataSet>{items}</instanceImageMetadataSet>"


def _deprecate(cloud: Cloud, region: str, asked: Mapping[str, Any]) -> str:
    """ec2:EnableImageDeprecation."""
    image = cloud.ec2(region).amis.get(str(asked.get("ImageId")))
    if image is None:
        raise Refusal("InvalidAMIID.NotFound", "The image id does not exist")
    at = datetime.fromisoformat(str(asked["DeprecateAt"]).replace("Z", "+00:00")).astimezone(UTC)
    image.deprecation_time = f"{at:%Y-%m-%dT%H:%M:00.000Z}"
    return "<return>true</return>"


def _deregister(cloud: Cloud, region: str, asked: Mapping[str, Any]) -> str:
    """ec2:DeregisterImage, which keeps the name for instances that run it, and takes its snapshot along if asked."""
    ec2, identity = cloud.ec2(region), str(asked.get("ImageId"))
    image = ec2.amis.get(identity)
    if image is None:
        raise Refusal("InvalidAMIID.NotFound", "The image id does not exist")
    cloud.gone[identity] = image.name
    throw_away(cloud, region, identity, with_snapshot=asked.get("DeleteAssociatedSnapshots") == "true")
    return "<return>true</return>"


def _copy(cloud: Cloud, region: str, asked: Mapping[str, Any]) -> str:
    """ec2:CopyImage, with the tags if asked."""
    source = cloud.ec2(str(asked["SourceRegion"])).amis.get(str(asked["SourceImageId"]))
    if source is None:
        raise Refusal("InvalidAMIID.NotFound", "The image id does not exist")
    copy = cloud.ec2(region).copy_image(source.id, str(asked["SourceRegion"]), asked.get("Name"))
    copy.boot_mode, copy.root_device_type = source.boot_mode, "ebs"
    copy.demo_gib = getattr(source, "demo_gib", 8)
    if asked.get("CopyImageTags") == "true":
        copy.add_tags({tag["key"]: tag["value"] for tag in source.get_tags()})
    return f"<imageId>{copy.id}</imageId>"


def _quota(_cloud: Cloud, _region: str, asked: Mapping[str, Any]) -> Any:
    """service-quotas:GetServiceQuota: as many AMIs as accounts have at first."""
    return {"Quota": {"ServiceCode": asked["ServiceCode"], "QuotaCode": asked["QuotaCode"], "Value": 50000.0}}


ANSWERS: Mapping[str, Answer] = {
    "DescribeInstanceInformation": _agents,
    "DescribeParameters": _parameters,
    "GetSerialConsoleAccessStatus": _serial,
    "GetConsoleOutput": _console,
    "DescribeInstanceImageMetadata": _image_metadata,
    "EnableImageDeprecation": _deprecate,
    "DeregisterImage": _deregister,
    "CopyImage": _copy,
    "GetServiceQuota": _quota,
    **REFRESHES,
    **BIN,
}
"""By action."""
