"""Plain moto still behaves as the additions correct it. A failure here is good news: upstream caught up.

Each test does with plain moto what one addition changes, and asserts the behaviour that AWS does not have.
"""

# ruff: noqa: ANN401, PLC0415 - boto3 has no type information; moto may only be imported once it is loaded

import json
from typing import Any

from tests.unit.control_plane.plain_moto import (
    Client,
    create_function,
    interfaces,
    still_wrong,
    succeeds,
)
from vpclab.localcloud.control_plane import ControlPlane, moto_process


def test_bucket_permissions_are_still_needed(client: Client) -> None:
    """Plain moto refuses everybody what a bucket's policy denies to one principal."""
    s3 = client("s3")
    s3.create_bucket(Bucket="permitted")
    s3.put_object(Bucket="permitted", Key="k", Body=b"b")
    denying = {
        "Effect": "Deny",
        "Principal": {"AWS": "arn:aws:iam::123456789012:user/somebody-else"},
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::permitted/*",
    }
    s3.put_bucket_policy(Bucket="permitted", Policy=json.dumps({"Version": "2012-10-17", "Statement": [denying]}))
    refused = not succeeds(lambda: s3.get_object(Bucket="permitted", Key="k"))
    still_wrong(wrong=refused, addition="bucket_permissions")


def test_databases_are_still_needed(client: Client) -> None:
    """Plain moto's managed password is the same for everybody, and its instance has no interface."""
    made = client("rds").create_db_instance(
        DBInstanceIdentifier="d",
        DBInstanceClass="db.t4g.micro",
        Engine="postgres",
        AllocatedStorage=20,
        MasterUsername="chief",
        ManageMasterUserPassword=True,
    )["DBInstance"]
    secret = client("secretsmanager").get_secret_value(SecretId=made["MasterUserSecret"]["SecretArn"])
    wrong_user = json.loads(secret["SecretString"])["username"] != "chief"
    no_interface = interfaces(client, "description", "RDSNetworkInterface") == []
    still_wrong(wrong=wrong_user and no_interface, addition="databases")


def test_bucket_notifications_are_still_needed(client: Client, role: str) -> None:
    """Plain moto configures notifications for a function that does not let S3 invoke it."""
    made = create_function(client, "closed", role)
    client("s3").create_bucket(Bucket="telling")
    rule = {"LambdaFunctionArn": made["FunctionArn"], "Events": ["s3:ObjectCreated:*"]}
    accepted = succeeds(
        lambda: client("s3").put_bucket_notification_configuration(
            Bucket="telling", NotificationConfiguration={"LambdaFunctionConfigurations": [rule]}
        )
    )
    still_wrong(wrong=accepted, addition="bucket_notifications")


def test_long_polling_is_still_needed() -> None:
    """Plain moto waits inside the call, where nobody else gets an answer."""
    import inspect

    from moto.sqs.models import SQSBackend

    still_wrong(
        wrong="wait_for_messages" in inspect.getsource(SQSBackend.receive_message), addition="long_polling"
    )


def test_corrections_can_be_undone() -> None:
    """After a control plane is closed, moto is as it was shipped."""
    moto_process.load()
    from moto.ec2.models import route_tables
    from moto.ec2.models.elastic_network_interfaces import NetworkInterface
    from moto.ec2.responses import EC2Response

    def now() -> tuple[object, ...]:
        return (
            NetworkInterface.__init__,
            NetworkInterface.attachment,
            route_tables.Route.state,
            dict(EC2Response.RESPONSE_KEY_PATH_TO_TRANSFORMER),
        )

    class Nothing:
        def network_changed(self) -> None: ...

        def invoke(self, invocation: object) -> Any: ...

        def function_changed(self, function_arn: str) -> None: ...

        def admin(self, path: str, query: dict[str, str]) -> None: ...

    if ControlPlane.current is not None:
        ControlPlane.current.close()
    before = now()
    with ControlPlane(Nothing()):
        assert now() != before
    assert now() == before
