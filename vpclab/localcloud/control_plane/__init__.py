"""The local cloud's AWS API: moto in this process, and what moto lacks, each addition in a file of its own.

Importing this package does not import moto; making a ``ControlPlane`` does.
"""

from vpclab.localcloud.control_plane.control_plane import ControlPlane
from vpclab.localcloud.control_plane.database_credentials import DatabaseCredentials
from vpclab.localcloud.control_plane.effects import Effects
from vpclab.localcloud.control_plane.settings import Settings

__all__ = ["ControlPlane", "DatabaseCredentials", "Effects", "Settings"]
