"""The VPC data plane: networks compiled from what the API describes, and refused packets read from the kernel."""

from vpclab.localcloud.data_plane.data_plane import DataPlane
from vpclab.localcloud.data_plane.drop import Drop
from vpclab.localcloud.data_plane.environment import EnvironmentNetwork
from vpclab.localcloud.data_plane.errors import DataPlaneError
from vpclab.localcloud.data_plane.nat_limits import NatLimits

__all__ = ["DataPlane", "DataPlaneError", "Drop", "EnvironmentNetwork", "NatLimits"]
