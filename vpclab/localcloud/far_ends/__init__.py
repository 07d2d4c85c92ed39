"""What lies at the other end of a function's connections: names, the internet, AWS's APIs and VPC endpoints."""

from vpclab.localcloud.far_ends.certificate_authority import CertificateAuthority
from vpclab.localcloud.far_ends.far_ends import FarEnds, FarEndsError

__all__ = ["CertificateAuthority", "FarEnds", "FarEndsError"]
