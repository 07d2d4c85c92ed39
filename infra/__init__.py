"""The Pulumi program: one Lambda function in one of four network placements, beside a private database.

Only resources are declared here. Which AWS they are declared in (a real account, or a local cloud) is said by
the provider's configuration and environment; nothing in this package asks.
"""
