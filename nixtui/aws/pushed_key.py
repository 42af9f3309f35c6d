"""EC2 Instance Connect: a public key that lets its owner in for a minute, on an instance or on its serial console."""

from typing import Final

from nixtui.aws.session import Session

SERIAL_FINGERPRINTS: Final = (
    "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/connect-to-serial-console.html#sc-endpoints-and-fingerprints"
)
"""Where AWS publishes the host key of the serial console of each region, and its name there."""

_FIRST: Final = frozenset(
    {
        "us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "sa-east-1", "eu-central-1", "eu-north-1",
        "eu-west-1", "eu-west-2", "eu-west-3", "ap-northeast-1", "ap-northeast-2", "ap-south-1", "ap-southeast-1",
        "ap-southeast-2",
    }
)  # fmt: skip
"""Regions whose serial console still has the name of its first year."""

SERVICE: Final = "ec2-instance-connect"


async def push_key(session: Session, region: str, instance: str, user: str, public: str) -> None:
    """Let a key in for 60 seconds as `user`, where the image asks EC2 Instance Connect for keys. Raises `AwsError`."""
    await session.call(
        SERVICE, "SendSSHPublicKey", region, InstanceId=instance, InstanceOSUser=user, SSHPublicKey=public
    )


async def push_serial_key(session: Session, region: str, instance: str, public: str) -> None:
    """The same for the serial console; it takes one session at a time. Raises `AwsError`."""
    await session.call(
        SERVICE, "SendSerialConsoleSSHPublicKey", region, InstanceId=instance, SerialPort=0, SSHPublicKey=public
    )


def serial_host(region: str) -> str:
    """Who answers for the serial consoles of a region, by the table that AWS publishes."""
    if region in _FIRST:
        return f"serial-console.ec2-instance-connect.{region}.aws"
    if region.startswith("us-gov-"):
        return f"serial-console.ec2-instance-connect.{region}.amazonaws.com"
    if region.startswith("cn-"):
        return f"ec2-serial-console.{region}.api.amazonwebservices.com.cn"
    return f"ec2-serial-console.{region}.api.aws"


def serial_user(instance: str) -> str:
    """Who logs in there: the first port, and there is no other."""
    return f"{instance}.port0"
