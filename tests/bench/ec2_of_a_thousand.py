"""EC2 as far as a list of instances asks, in a process of its own: `ec2_of_a_thousand.py COUNT REGION…`.

Answers are made before the first request, so that what is measured is who asks.
"""

import json
import re
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl

PAGE = 200
"""As many as nixtui asks for at once."""


def instance(number: int, region: str) -> str:
    """As DescribeInstances has one, with eight tags."""
    tags = {
        "Name": f"web-{number}",
        "role": "web",
        "env": "prod",
        "team": "shop",
        "cost-centre": "4711",
        "nixtui:revision": "98fe21c0de44d0aa17b1c0de98fe21c0de44d0aa",
        "aws:autoscaling:groupName": f"web-{number % 7}",
        "aws:ec2launchtemplate:id": f"lt-{number % 7:017x}",
    }
    told = "".join(f"<item><key>{key}</key><value>{value}</value></item>" for key, value in tags.items())
    address = f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"
    return f"""<item><reservationId>r-{number:017x}</reservationId><ownerId>123456789012</ownerId><groupSet/>
<instancesSet><item><instanceId>i-{number:017x}</instanceId><imageId>ami-{number % 5:017x}</imageId>
<instanceState><code>16</code><name>running</name></instanceState><privateDnsName>ip-{number}.internal</privateDnsName>
<dnsName/><reason/><keyName>ops</keyName><amiLaunchIndex>0</amiLaunchIndex><productCodes/>
<instanceType>t3.small</instanceType><launchTime>2026-11-20T03:12:41.000Z</launchTime>
<placement><availabilityZone>{region}a</availabilityZone><groupName/><tenancy>default</tenancy></placement>
<monitoring><state>disabled</state></monitoring><subnetId>subnet-{number % 3:017x}</subnetId><vpcId>vpc-1</vpcId>
<privateIpAddress>{address}</privateIpAddress><sourceDestCheck>true</sourceDestCheck>
<groupSet><item><groupId>sg-{number % 9:017x}</groupId><groupName>web</groupName></item></groupSet>
<architecture>x86_64</architecture><rootDeviceType>ebs</rootDeviceType><rootDeviceName>/dev/xvda</rootDeviceName>
<blockDeviceMapping><item><deviceName>/dev/xvda</deviceName><ebs><volumeId>vol-{number:017x}</volumeId>
<status>attached</status><attachTime>2026-11-20T03:12:42.000Z</attachTime>
<deleteOnTermination>true</deleteOnTermination></ebs></item></blockDeviceMapping>
<virtualizationType>hvm</virtualizationType><clientToken/><tagSet>{told}</tagSet><hypervisor>xen</hypervisor>
<networkInterfaceSet><item><networkInterfaceId>eni-{number:017x}</networkInterfaceId><status>in-use</status>
<attachment><attachmentId>eni-attach-{number:017x}</attachmentId><deviceIndex>0</deviceIndex><status>attached</status>
<attachTime>2026-11-20T03:12:41.000Z</attachTime></attachment></item></networkInterfaceSet>
<enaSupport>true</enaSupport><bootMode>legacy-bios</bootMode></item></instancesSet></item>"""


def answers(region: str, numbers: range) -> dict[tuple[str, str], bytes]:
    """By action and the token of a page."""
    statuses = "".join(
        f"<item><instanceId>i-{number:017x}</instanceId><systemStatus><status>ok</status></systemStatus>"
        "<instanceStatus><status>ok</status></instanceStatus></item>"
        for number in numbers
    )
    images = "".join(
        f"<item><imageId>ami-{number:017x}</imageId><name>web {number}</name><imageState>available</imageState></item>"
        for number in range(5)
    )
    inner = {
        ("DescribeInstanceStatus", ""): f"<instanceStatusSet>{statuses}</instanceStatusSet>",
        ("DescribeImages", ""): f"<imagesSet>{images}</imagesSet>",
        ("DescribeAutoScalingGroups", ""): "<DescribeAutoScalingGroupsResult><AutoScalingGroups/>"
        "</DescribeAutoScalingGroupsResult>",
    }
    for start in range(0, len(numbers), PAGE):
        page = "".join(instance(each, region) for each in numbers[start : start + PAGE])
        more = f"<nextToken>{start + PAGE}</nextToken>" if start + PAGE < len(numbers) else ""
        token = str(start) if start else ""
        inner["DescribeInstances", token] = f"<reservationSet>{page}</reservationSet>{more}"
    return {key: f"<{key[0]}Response>{each}</{key[0]}Response>".encode() for key, each in inner.items()}


def main(count: int, regions: list[str]) -> None:
    """Until killed; the URL is printed first."""
    share = [range(part * count // len(regions), (part + 1) * count // len(regions)) for part in range(len(regions))]
    known = {region: answers(region, numbers) for region, numbers in zip(regions, share, strict=True)}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            form = dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
            region = re.search(r"Credential=[^/]+/\d+/([^/]+)/", self.headers["Authorization"])
            assert region is not None
            answer = known[region[1]][form["Action"], form.get("NextToken", "")]
            self.send_response(200)
            self.send_header("Content-Type", "text/xml")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(json.dumps(f"http://127.0.0.1:{server.server_address[1]}"), flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
