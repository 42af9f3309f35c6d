"""EC2 and SSM on loopback, by moto: what can be read is faithful enough."""

import os
from collections.abc import Iterator
from urllib.request import Request, urlopen

import boto3
import pytest
from moto.server import ThreadedMotoServer


@pytest.fixture
def moto_environ(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """The environment that leads there, set for this process as well. Each test begins with nothing there."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        environ = {
            "AWS_ENDPOINT_URL": f"http://{host}:{port}",
            "AWS_ACCESS_KEY_ID": "AKID",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_REGION": "eu-central-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }
        request = Request(f"http://{host}:{port}/moto-api/reset", method="POST")  # what moto knows is the process's
        urlopen(request, timeout=30).close()  # noqa: S310 # loopback
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        yield environ
    finally:
        server.stop()


def client(service: str, region: str = "eu-central-1"):
    """A client of the test's own, for what nixtui does not do."""
    return boto3.client(service, region_name=region)


def an_image(region: str = "eu-central-1", name: str = "web") -> str:
    """An AMI with a snapshot of its own."""
    ec2 = client("ec2", region)
    volume = ec2.create_volume(Size=4, AvailabilityZone=f"{region}a")
    snapshot = ec2.create_snapshot(VolumeId=volume["VolumeId"])
    mapping = {"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": snapshot["SnapshotId"]}}
    return ec2.register_image(Name=name, BlockDeviceMappings=[mapping])["ImageId"]


def instances(count: int, image: str, region: str = "eu-central-1", **tags: str) -> list[str]:
    """Running ones with these tags."""
    specification = [{"ResourceType": "instance", "Tags": [{"Key": key, "Value": tags[key]} for key in tags]}]
    made = client("ec2", region).run_instances(
        ImageId=image, MinCount=count, MaxCount=count, TagSpecifications=specification if tags else []
    )
    return [each["InstanceId"] for each in made["Instances"]]
