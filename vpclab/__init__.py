"""vpclab: why a Lambda function cannot reach something, proven by packets."""

__version__ = "0.1.0"
