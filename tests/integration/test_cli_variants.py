"""`up`, `verify`, `cloud drops` and `destroy` as typed, on one cloud, in the order in which a user types them."""

import json
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from tests.integration.command_line import CommandLine
from vpclab.localcloud import daemon

VARIANTS = ("default", "public")


class Typed:
    """A command line with a running cloud on which two variants are up."""

    def __init__(self, vpclab: CommandLine, reports: Path) -> None:
        self.vpclab = vpclab
        self.reports = reports
        self.endpoint = json.loads(vpclab("cloud", "start", "--port", "0", "--json").stdout)["endpoint"]
        self.deployed = vpclab("up", *VARIANTS)
        self.verified = vpclab("verify", *VARIANTS, "--output", str(reports))

    def drops(self, function: str) -> list[dict[str, object]]:
        return list(json.loads(self.vpclab("cloud", "drops", "--json", "--function", function).stdout))

    def client(self, service: str) -> "boto3.client":
        session = boto3.session.Session(
            aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1"
        )
        return session.client(service, endpoint_url=self.endpoint)


@pytest.fixture(scope="module")
def typed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Typed]:
    directory = tmp_path_factory.mktemp("typed")
    yield Typed(CommandLine(directory / "state"), directory / "reports")
    daemon.stop(directory / "state" / "cloud")


def test_up_can_deploy_two_variants_at_once(typed: Typed) -> None:
    """Each line says which variant it is about; the last one says what to type next."""
    assert typed.deployed.returncode == 0, typed.deployed.stderr
    for variant in VARIANTS:
        assert f"{variant:<20} |  +  aws:ec2:Vpc vpc created" in typed.deployed.stderr
    assert "`vpclab verify default public`" in typed.deployed.stderr.splitlines()[-1]


def test_verify_can_find_everything_as_documented(typed: Typed) -> None:
    """Exit code 0; the table on standard output, the reports where they were wanted."""
    assert typed.verified.returncode == 0, typed.verified.stderr
    assert (
        "C22  A public subnet gives a function neither internet access nor a public address."
        in typed.verified.stdout
    )
    verdicts = json.loads((typed.reports / "report.json").read_text())["verdicts"]
    assert {verdict["variant"] for verdict in verdicts} == set(VARIANTS)


def test_drops_can_be_those_of_one_function(typed: Typed) -> None:
    """In the public subnet it was the internet gateway; without a VPC, the network that AWS owns."""
    assert {drop["kind"] for drop in typed.drops("vpclab-public-probe")} == {"internet-gateway"}
    assert {drop["kind"] for drop in typed.drops("vpclab-default-probe")} == {"aws-owned-vpc"}
    assert "dropped by internet-gateway igw-" in typed.vpclab("cloud", "drops").stdout


def test_verify_cannot_hide_a_statement_that_came_out_otherwise(typed: Typed) -> None:
    """Without its rule for the function, the database refuses: exit code 2, and the component is named."""
    outputs = json.loads((typed.reports / "report.json").read_text())["observations"]["public"]["rds"]
    assert outputs["outcome"] == "connected"
    ec2 = typed.client("ec2")
    groups = ec2.describe_security_groups(Filters=[{"Name": "tag:Name", "Values": ["vpclab-public-database"]}])
    (group,) = groups["SecurityGroups"]
    ec2.revoke_security_group_ingress(GroupId=group["GroupId"], IpPermissions=group["IpPermissions"])
    ended = typed.vpclab("verify", "public", "--output", str(typed.reports), "--json")
    assert ended.returncode == 2, ended.stderr
    verdicts = {verdict["statement"]: verdict for verdict in json.loads(ended.stdout)["verdicts"]}
    assert verdicts["C16"]["verdict"] == "refuted"
    assert group["GroupId"] in verdicts["C16"]["refused_by"]


def test_up_can_make_again_what_was_removed_by_hand(typed: Typed) -> None:
    """It looks at what is really there, and not only at what Pulumi remembers."""
    assert typed.vpclab("up", "public").returncode == 0
    assert typed.vpclab("verify", "public", "--output", str(typed.reports)).returncode == 0


def test_destroy_can_delete_everything_of_a_stack(typed: Typed) -> None:
    """Afterwards the variant is not deployed; destroying it again is fine."""
    assert typed.vpclab("destroy", "default").returncode == 0
    remaining = typed.client("lambda").list_functions()["Functions"]
    owners = {str(function["FunctionName"]).split("-")[1] for function in remaining}
    assert owners == {"public"}
    assert "default is not deployed" in typed.vpclab("verify", "default").stderr
    assert typed.vpclab("destroy", "default").returncode == 0


def test_up_can_deploy_anew_after_the_cloud_was_started_anew(typed: Typed) -> None:
    """A cloud starts empty, which Pulumi's state does not know: `verify` says so, and `up` deploys anew."""
    port = typed.endpoint.rpartition(":")[2]
    assert typed.vpclab("cloud", "stop").returncode == 0
    assert typed.vpclab("cloud", "start", "--port", port).returncode == 0
    ended = typed.vpclab("verify", "public", "--output", str(typed.reports))
    assert ended.returncode == 1
    assert "`vpclab up public` deploys anew" in ended.stderr
    assert typed.vpclab("up", "public").returncode == 0
    assert typed.vpclab("verify", "public", "--output", str(typed.reports)).returncode == 0
