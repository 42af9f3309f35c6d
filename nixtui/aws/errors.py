"""What goes wrong with AWS, as one sentence with what to do next, whatever the library called it."""

import json
from enum import Enum, auto
from shlex import quote

from nixtui.model.naming import one_line

_LONGEST_MESSAGE = 400


class Kind(Enum):
    """What sort of trouble it is: what a program can do about it depends on no more."""

    DENIED = auto()
    EXPIRED = auto()
    THROTTLED = auto()
    UNREACHABLE = auto()
    NOT_FOUND = auto()
    TAKEN = auto()
    QUOTA = auto()
    UNUSABLE = auto()
    OTHER = auto()


class AwsError(Exception):
    """A call that failed. `reason` is one sentence, `remedy` the next step, `statement` an IAM statement to paste.

    `login` is the profile that was meant, where one is named. With `is_of_login` it is that which is no good, so that
    no other call by it would do better.
    """

    def __init__(
        self,
        reason: str,
        remedy: str | None = None,
        *,
        kind: Kind = Kind.OTHER,
        code: str | None = None,
        statement: str | None = None,
        login: str | None = None,
        is_of_login: bool = False,
    ) -> None:
        super().__init__("; ".join(part for part in (reason, remedy) if part))
        self.reason = reason
        self.remedy = remedy
        self.kind = kind
        self.code = code
        self.statement = statement
        self.login = login
        self.is_of_login = is_of_login

    @property
    def may_pass(self) -> bool:
        """The same call may work later."""
        return self.kind in (Kind.THROTTLED, Kind.UNREACHABLE)


THROTTLING = frozenset(
    {
        "RequestThrottledException",
        "RequestThrottled",
        "RequestLimitExceeded",
        "ConcurrentLimitExceededException",
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "TooManyRequestsException",
        "SlowDown",
        "EC2ThrottledException",
    }
)

EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"})

_DENIED = frozenset(
    {
        "UnauthorizedOperation",
        "AccessDenied",
        "AccessDeniedException",
        "UnauthorizedAccess",
        "AuthorizationError",
        "AuthException",  # of EC2 Instance Connect
    }
)

_REMEDIES: dict[str, tuple[Kind, str]] = {
    "AuthFailure": (Kind.DENIED, "check the keys, the clock, and that the region is enabled for this account"),
    "InvalidClientTokenId": (Kind.DENIED, "check the keys, and that the region is enabled for this account"),
    "UnrecognizedClientException": (Kind.DENIED, "check the keys, and that the region is enabled for this account"),
    "SignatureDoesNotMatch": (Kind.DENIED, "check the secret key and the clock of this machine"),
    "InvalidSignatureException": (Kind.DENIED, "check the secret key and the clock of this machine"),
    "OptInRequired": (Kind.DENIED, "enable the region, or subscribe to the service, in the account's settings"),
    "InvalidAMIName.Duplicate": (Kind.TAKEN, "choose another --name, or retire the image that has it"),
    "ServiceQuotaExceededException": (Kind.QUOTA, "wait for running snapshots or have the quota raised"),
    "ResourceLimitExceeded": (Kind.QUOTA, "retire old images and snapshots, or have the quota raised"),
    "SnapshotLimitExceeded": (Kind.QUOTA, "retire old images and snapshots, or have the quota raised"),
    "AMIQuotaExceeded": (Kind.QUOTA, "retire old images, or have the quota raised"),
    "PendingSnapshotLimitExceeded": (Kind.QUOTA, "wait until pending snapshots are complete"),
    "InvalidSnapshot.NotFound": (Kind.NOT_FOUND, "see nixtui image list, and check the region"),
    "InvalidAMIID.NotFound": (Kind.NOT_FOUND, "see nixtui image list, and check the region"),
    "InvalidAMIID.Unavailable": (Kind.NOT_FOUND, "it is being deregistered; see nixtui image list"),
    "InvalidAMIID.Malformed": (Kind.UNUSABLE, "an image is named ami-… and hexadecimal digits"),
    "InvalidInstanceID.NotFound": (Kind.NOT_FOUND, "see nixtui instance list, and check the region"),
    "VPCIdNotSpecified": (Kind.UNUSABLE, "the account has no default VPC there; give --subnet"),
    "VcpuLimitExceeded": (Kind.QUOTA, "terminate instances, choose a smaller type, or have the quota raised"),
    "InstanceLimitExceeded": (Kind.QUOTA, "terminate instances, choose another type, or have the quota raised"),
    "InsufficientInstanceCapacity": (Kind.UNREACHABLE, "try again later, or choose another type or zone"),
    "InvalidInstanceType": (Kind.UNUSABLE, "check its name, and that the region has it"),
    "ResourceNotFoundException": (Kind.NOT_FOUND, "check its name and the region"),
    "ParameterNotFound": (Kind.NOT_FOUND, "check the parameter's name and the region"),
    "EC2InstanceNotFoundException": (Kind.NOT_FOUND, "see nixtui instance list, and check the region"),
    "EC2InstanceStateInvalidException": (Kind.UNUSABLE, "start it first: nixtui instance start"),
    "EC2InstanceTypeInvalidException": (Kind.UNUSABLE, "only instances on Nitro have a serial console"),
    "EC2InstanceUnavailableException": (Kind.UNREACHABLE, "try again in a few minutes"),
    "SerialConsoleAccessDisabledException": (
        Kind.DENIED,
        "allow it for the account: aws ec2 enable-serial-console-access",
    ),
    "SerialConsoleSessionLimitExceededException": (
        Kind.UNREACHABLE,
        "somebody is on that console; it is free 30 s after they left",
    ),
    "SerialConsoleSessionUnavailableException": (Kind.UNREACHABLE, "try again later"),
    "SerialConsoleSessionUnsupportedException": (Kind.UNUSABLE, "reboot the instance, which renews its BIOS"),
    "TargetNotConnected": (
        Kind.UNREACHABLE,
        "its SSM agent is not connected; it needs an instance profile and a way to SSM",
    ),
    "OperationNotPermitted": (Kind.DENIED, "it may be protected against deregistration; lift the protection first"),
}


def iam_statement(*actions: str) -> str:
    """An IAM statement that allows `actions`, to be pasted into a policy."""
    return json.dumps({"Effect": "Allow", "Action": list(actions), "Resource": "*"})


def from_code(
    code: str, message: str, action: str, region: str | None, status: int = 0, profile: str | None = None
) -> AwsError:
    """The error that a service answered with; `action` is what IAM calls the call (`ec2:RegisterImage`)."""
    told = one_line(message.strip().rstrip("."))[:_LONGEST_MESSAGE]
    if "<html" in told.lower():  # a page for browsers, of a proxy or a broken service, which nobody reads in a sentence
        told = "a page of HTML came back"
    place = f" in {region}" if region else ""
    if code in _DENIED:
        statement = iam_statement(action)
        return AwsError(
            f"these credentials may not call {action}{place}",
            f"add to their policy: {statement}",
            kind=Kind.DENIED,
            code=code,
            statement=statement,
        )
    if code in EXPIRED:
        return AwsError(
            f"the AWS credentials have expired ({action}{place})",
            f"log in again: {_login(profile)}, or fetch new keys",
            kind=Kind.EXPIRED,
            code=code,
            is_of_login=True,
        )
    if code in THROTTLING or status == 429:
        return AwsError(
            f"AWS throttles {action}{place} ({code})",
            "try again later, or have the quota raised",
            kind=Kind.THROTTLED,
            code=code,
        )
    kind, remedy = _REMEDIES.get(code, (Kind.UNREACHABLE if status >= 500 else Kind.OTHER, None))
    later = "try again later" if kind is Kind.UNREACHABLE else None
    return AwsError(
        f"{action}{place} failed: {told or 'no reason given'} ({code})", remedy or later, kind=kind, code=code
    )


_TAKE_ROLES = frozenset({"AssumeRole", "AssumeRoleWithWebIdentity", "AssumeRoleWithSAML"})

_KEYS = "set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"


def _login(profile: str | None) -> str:
    return f"aws sso login --profile {quote(profile)}" if profile else "aws sso login"


def explain(error: Exception, action: str, region: str | None, profile: str | None = None) -> AwsError:
    """What botocore raised, as ours. What it is not is raised as it is."""
    from botocore import exceptions, parsers

    login = _login(profile)
    place = f" in {region}" if region else ""
    match error:
        case AwsError():
            return error
        case exceptions.ClientError():
            answer = error.response.get("Error", {})
            status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
            # A profile that is a role takes it on when it is first needed, in the middle of whatever was asked.
            takes_role = error.operation_name in _TAKE_ROLES and not action.endswith(f":{error.operation_name}")
            asked, where = (f"sts:{error.operation_name}", None) if takes_role else (action, region)
            told = from_code(
                str(answer.get("Code", status)), str(answer.get("Message", "")), asked, where, status, profile
            )
            told.is_of_login |= takes_role
            return told
        case exceptions.NoCredentialsError() | exceptions.PartialCredentialsError():
            keys = f"give it keys: aws configure --profile {profile}" if profile else _KEYS
            return AwsError(
                "no AWS credentials were found", f"log in ({login}), or {keys}", kind=Kind.EXPIRED, is_of_login=True
            )
        case exceptions.ProfileNotFound():
            names = "aws configure list-profiles names them"
            return AwsError(one_line(str(error)), names, kind=Kind.UNUSABLE, is_of_login=True)
        case exceptions.TokenRetrievalError() | exceptions.SSOError() | exceptions.CredentialRetrievalError():
            return AwsError("the AWS login has expired", f"log in again: {login}", kind=Kind.EXPIRED, is_of_login=True)
        case exceptions.InvalidConfigError() | exceptions.ConfigParseError() | exceptions.ConfigNotFound():
            return AwsError(
                one_line(str(error))[:_LONGEST_MESSAGE],
                f"see ~/.aws/config{f', profile {profile}' if profile else ''}",
                kind=Kind.UNUSABLE,
                is_of_login=True,
            )
        case exceptions.NoRegionError():
            return AwsError("no AWS region is chosen", "give --region, or set AWS_REGION", kind=Kind.UNUSABLE)
        case exceptions.SSLError():
            return AwsError(
                f"the TLS certificate of {action.partition(':')[0]}{place} is not trusted",
                "set AWS_CA_BUNDLE if a proxy signs for it",
                kind=Kind.OTHER,
            )
        case exceptions.HTTPClientError() | exceptions.ConnectionError():
            return AwsError(
                f"AWS cannot be reached for {action}{place}: {one_line(str(error))[:_LONGEST_MESSAGE]}",
                "check the network, and that the region's name is right and enabled",
                kind=Kind.UNREACHABLE,
            )
        case parsers.ResponseParserError():
            return AwsError(
                f"what answered {action}{place} does not speak as AWS does",
                "check AWS_ENDPOINT_URL, and whether a proxy answers in its place",
            )
        case exceptions.BotoCoreError() if type(error).__name__.startswith("Login"):  # of `aws login`, new in botocore
            again = login.replace(" sso ", " ")
            return AwsError("the AWS login has expired", f"log in again: {again}", kind=Kind.EXPIRED, is_of_login=True)
        case exceptions.BotoCoreError():
            return AwsError(f"{action}{place} failed: {one_line(str(error))[:_LONGEST_MESSAGE]}")
        case _:
            raise error
