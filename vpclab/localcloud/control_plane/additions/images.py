"""Machine images: the NAT images of the local cloud's catalogue, owned by their publisher.

moto takes every image of its catalogue for Amazon's own and knows few filters. AWS: EC2 API, DescribeImages.
"""

from moto.ec2.models import amis

from vpclab.localcloud.control_plane.corrections import Corrections, Moto


def correct(corrections: Corrections) -> None:
    """Correct the owner, know the filters that are commonly asked for."""
    corrections.wrap(amis.AmiBackend, "_load_amis", _load)
    corrections.wrap(amis.Ami, "get_filter_value", _filter_value)


def _load(plain: Moto, self: Moto) -> None:
    plain(self)
    for image in self.amis.values():
        image.owner_alias = None


def _filter_value(plain: Moto, self: Moto, filter_name: str, method_name: str | None = None) -> Moto:
    own = {
        "root-device-type": self.root_device_type,
        "root-device-name": self.root_device_name,
        "hypervisor": self.hypervisor,
        "image-type": self.image_type,
        "description": self.description,
        "manifest-location": self.image_location,
        "is-public": str(self.is_public).lower(),
    }
    return own[filter_name] if filter_name in own else plain(self, filter_name, method_name)
