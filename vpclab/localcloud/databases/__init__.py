"""Real PostgreSQL behind the API's RDS instances."""

from vpclab.localcloud.databases.databases import Databases

__all__ = ["Databases"]
