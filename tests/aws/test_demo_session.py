"""A login of the demo's: never the user's, wherever the user's may be."""

import pytest

from nixtui.aws.errors import AwsError
from nixtui.aws.session import DEMO, Session
from tests.aws.moto_aws import an_image, moto_environ

__all__ = ["moto_environ"]


NO_ADDRESSES = ("1", "none", "", "http://ec2.amazonaws.com", "http://127.0.0.1:80@aws.test", "http://127.0.0.1")


@pytest.mark.parametrize("address", NO_ADDRESSES)
async def test_without_an_aws_of_its_own_the_demo_asks_none(address: str, moto_environ: dict[str, str]) -> None:
    async with Session({**moto_environ, DEMO: address}, profile="mine") as session:
        assert (session.profile, session.endpoint) == (None, None)
        with pytest.raises(AwsError, match=r"install nixtui\[demo\]"):
            await session.call("ec2", "DescribeImages", "eu-central-1", Owners=["self"])


async def test_the_demo_takes_nothing_of_the_users_variables_and_files(
    tmp_path, moto_environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    an_image()
    (tmp_path / "config").write_text("[default]\nregion = sa-east-1\nendpoint_url = http://127.0.0.1:1\n[profile p]\n")
    (tmp_path / "credentials").write_text("[default]\naws_access_key_id = MINE\naws_secret_access_key = mine\n")
    address = moto_environ["AWS_ENDPOINT_URL"]
    for name, value in {
        "AWS_PROFILE": "that-is-not-there", "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        "AWS_ENDPOINT_URL_EC2": "http://127.0.0.1:1", "HTTP_PROXY": "http://127.0.0.1:1",
        "AWS_CONFIG_FILE": str(tmp_path / "config"), "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
        moto_environ[name] = value
    async with Session({**moto_environ, DEMO: address}, profile="mine", region="eu-central-1") as session:
        answer = await session.call("ec2", "DescribeImages", "eu-central-1", Owners=["self"])
        assert len(answer["Images"]) == 1
        assert await session.thread(session.credentials) == ("DEMO", "demo", None)
        assert session.endpoint == address
