"""The placements of a function that the statements speak of: four variants, and an alternative to one of them."""

DEFAULT = "default"
PRIVATE_NAT = "private-nat"
PUBLIC = "public"
ENDPOINTS = "endpoints"

VARIANTS = (DEFAULT, PRIVATE_NAT, PUBLIC, ENDPOINTS)
ATTACHED = (PRIVATE_NAT, PUBLIC, ENDPOINTS)

PRIVATE_NAT_INSTANCE = "private-nat-instance"
"""The private variant with a NAT instance in place of the gateway. It is verified where it is named."""

ALL = (*VARIANTS, PRIVATE_NAT_INSTANCE)
