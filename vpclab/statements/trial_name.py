"""The names of trials, ``EXPERIMENT/CASE``, which experiments and the catalogue share."""

from enum import StrEnum


class RoleTrial(StrEnum):
    """A function calls an AWS API while its role is changed; its role delivers what it prints."""

    BEFORE = "execution-role/before the grant"
    GRANTED = "execution-role/after the grant"
    REVOKED = "execution-role/after the grant was taken back"
    ONLY_CODE_DENIED = "execution-role/the code, denied by lambda:SourceFunctionArn"
    NOT_CODE = "execution-role/the same role, not as the code"


class LogPolicyTrial(StrEnum):
    """The notes' policy for CloudWatch Logs as a text, and as a role's permission."""

    AS_TYPED = "log-policy/as typed"
    CORRECTED = "log-policy/corrected"
    DELIVERED = "log-policy/a printed line, without DescribeLogStreams"


class InvokeTrial(StrEnum):
    """Who may invoke a function, by what the caller's policies say and what the function's says."""

    SAME_NEITHER = "invoke/same account, neither"
    SAME_IDENTITY = "invoke/same account, identity policy only"
    SAME_RESOURCE = "invoke/same account, resource policy only"
    SAME_BOTH = "invoke/same account, both"
    SAME_IDENTITY_DENY = "invoke/same account, denied by the identity policy"
    SAME_RESOURCE_DENY = "invoke/same account, denied by the resource policy"
    CROSS_NEITHER = "invoke/other account, neither"
    CROSS_IDENTITY = "invoke/other account, identity policy only"
    CROSS_RESOURCE = "invoke/other account, resource policy only"
    CROSS_BOTH = "invoke/other account, both"
    WHOLE_POLICY = "invoke/a whole policy is put"
    OVERWRITTEN = "invoke/what AddPermission had added is gone"


class MappingTrial(StrEnum):
    """An event source mapping is made with a role, before and after the role may read the queue."""

    REFUSED = "event-source/without the queue's policy"
    CREATED = "event-source/with it"


class FeedTrial(StrEnum):
    """A record is put into each of a deployment's event sources."""

    SQS = "feed/sqs"
    KINESIS = "feed/kinesis"
    DYNAMODB = "feed/dynamodb"


class BucketTrial(StrEnum):
    """A bucket's notifications are configured, by what the function's resource policy says."""

    UNPERMITTED = "bucket/without a permission"
    OTHER_BUCKET = "bucket/permission for another bucket"
    OTHER_ACCOUNT = "bucket/permission for another account"
    PERMITTED = "bucket/with its permission"
    DELIVERED = "bucket/an upload, with the permission"
    REMOVED = "bucket/an upload, the permission removed"


class UploadTrial(StrEnum):
    """An object is put into a deployment's bucket."""

    DELIVERED = "upload/delivered"


class TraceTrial(StrEnum):
    """A deployment's traced function sends a segment."""

    BY_DAEMON = "trace/by the service's daemon"


class InterfaceTrial(StrEnum):
    """A function is attached to a VPC with a role that may, or may not, handle network interfaces."""

    WITHOUT = "interfaces/created without the permission"
    WITH = "interfaces/created with it"
    INVOKED = "interfaces/invoked, the permission removed"


class NatInstanceTrial(StrEnum):
    """The function calls an internet host while the NAT instance is configured wrong."""

    CHECKED = "nat-instance/source and destination check on"
    CLOSED = "nat-instance/its security group admits nobody"
