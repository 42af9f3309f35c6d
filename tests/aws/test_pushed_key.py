"""Names that are AWS's: of serial consoles, by its published table, and of calls as boto3 spells them."""

import pytest

from nixtui.aws.pushed_key import serial_host
from nixtui.aws.session import snake


@pytest.mark.parametrize(
    ("region", "name"),
    [
        ("eu-central-1", "serial-console.ec2-instance-connect.eu-central-1.aws"),
        ("sa-east-1", "serial-console.ec2-instance-connect.sa-east-1.aws"),
        ("eu-central-2", "ec2-serial-console.eu-central-2.api.aws"),
        ("il-central-1", "ec2-serial-console.il-central-1.api.aws"),
        ("us-gov-west-1", "serial-console.ec2-instance-connect.us-gov-west-1.amazonaws.com"),
        ("cn-north-1", "ec2-serial-console.cn-north-1.api.amazonwebservices.com.cn"),
    ],
)
def test_the_serial_console_of_a_region_has_the_name_that_aws_publishes(region: str, name: str) -> None:
    assert serial_host(region) == name


@pytest.mark.parametrize("service", ["ec2", "ssm", "ec2-instance-connect", "autoscaling", "ebs", "s3", "sts"])
def test_calls_are_spelled_as_boto3_spells_them(service: str) -> None:
    from botocore import xform_name
    from botocore.session import Session

    actions = Session().get_service_model(service).operation_names
    assert {action: snake(action) for action in actions} == {action: xform_name(action) for action in actions}
