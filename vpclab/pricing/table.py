"""List prices of US East (N. Virginia), in US dollars, by type of Pulumi resource. Others mostly cost more.

From AWS's pricing pages (Amazon VPC, EC2, EBS, RDS, ElastiCache, Elastic Load Balancing, Kinesis Data Streams,
Secrets Manager), on demand, before taxes, without any free tier. They change: ``AS_OF`` says how old these are.
"""

from decimal import Decimal
from types import MappingProxyType

AS_OF = "2026-06"
REGION = "us-east-1"
HOURS_PER_MONTH = Decimal(730)
"""What AWS itself divides a monthly price by."""

NAT_GATEWAY = Decimal("0.045")
PUBLIC_IPV4_ADDRESS = Decimal("0.005")
INTERFACE_ENDPOINT_IN_A_ZONE = Decimal("0.01")
LOAD_BALANCER = Decimal("0.0225")
STREAM_ON_DEMAND = Decimal("0.04")
STREAM_SHARD = Decimal("0.015")
SECRET_PER_MONTH = Decimal("0.40")
DATABASE_GIGABYTE_PER_MONTH = Decimal("0.115")
VOLUME_GIGABYTE_PER_MONTH = Decimal("0.08")

DATABASE_CLASSES = MappingProxyType(
    {
        "db.t4g.micro": Decimal("0.016"),
        "db.t4g.small": Decimal("0.032"),
        "db.t4g.medium": Decimal("0.065"),
        "db.t3.micro": Decimal("0.018"),
        "db.t3.small": Decimal("0.036"),
        "db.t3.medium": Decimal("0.072"),
    }
)
"""PostgreSQL in one zone; with a standby in another zone it is twice that."""

CACHE_NODES = MappingProxyType(
    {
        "cache.t4g.micro": Decimal("0.0128"),
        "cache.t4g.small": Decimal("0.0256"),
        "cache.t3.micro": Decimal("0.0136"),
        "cache.t3.small": Decimal("0.0272"),
    }
)
"""Valkey, for each node."""

INSTANCES = MappingProxyType(
    {
        "t4g.nano": Decimal("0.0042"),
        "t4g.micro": Decimal("0.0084"),
        "t4g.small": Decimal("0.0168"),
        "t3.nano": Decimal("0.0052"),
        "t3.micro": Decimal("0.0104"),
    }
)
"""Linux."""

BY_USE = MappingProxyType(
    {
        "aws:lambda/function:Function": "for each request and for its run time",
        "aws:cloudwatch/logGroup:LogGroup": "for each gigabyte logged and kept",
        "aws:sqs/queue:Queue": "for each request",
        "aws:dynamodb/table:Table": "for each request and for what is stored",
        "aws:s3/bucket:Bucket": "for each request and for what is stored",
        "aws:s3/bucketV2:BucketV2": "for each request and for what is stored",
    }
)
"""What costs nothing while nobody uses it."""

FREE_SERVICES = ("iam",)
FREE = frozenset(
    {
        "aws:ec2/defaultNetworkAcl:DefaultNetworkAcl",
        "aws:ec2/defaultRouteTable:DefaultRouteTable",
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
        "aws:ec2/eipAssociation:EipAssociation",
        "aws:ec2/internetGateway:InternetGateway",
        "aws:ec2/mainRouteTableAssociation:MainRouteTableAssociation",
        "aws:ec2/networkAcl:NetworkAcl",
        "aws:ec2/networkInterface:NetworkInterface",
        "aws:ec2/route:Route",
        "aws:ec2/routeTable:RouteTable",
        "aws:ec2/routeTableAssociation:RouteTableAssociation",
        "aws:ec2/securityGroup:SecurityGroup",
        "aws:ec2/securityGroupRule:SecurityGroupRule",
        "aws:ec2/subnet:Subnet",
        "aws:ec2/vpc:Vpc",
        "aws:ec2/vpcEndpointRouteTableAssociation:VpcEndpointRouteTableAssociation",
        "aws:elasticache/parameterGroup:ParameterGroup",
        "aws:elasticache/subnetGroup:SubnetGroup",
        "aws:lambda/eventSourceMapping:EventSourceMapping",
        "aws:lambda/permission:Permission",
        "aws:lb/listener:Listener",
        "aws:lb/listenerRule:ListenerRule",
        "aws:lb/targetGroup:TargetGroup",
        "aws:lb/targetGroupAttachment:TargetGroupAttachment",
        "aws:rds/parameterGroup:ParameterGroup",
        "aws:rds/subnetGroup:SubnetGroup",
        "aws:s3/bucketNotification:BucketNotification",
        "aws:s3/bucketPolicy:BucketPolicy",
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        "aws:sqs/queuePolicy:QueuePolicy",
        "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    }
)
"""What costs nothing by itself."""
