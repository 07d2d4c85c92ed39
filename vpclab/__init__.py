"""vpclab: why a Lambda function cannot reach something, proven by packets."""
