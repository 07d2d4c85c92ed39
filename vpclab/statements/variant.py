"""The four placements of a function that the statements speak of."""

DEFAULT = "default"
PRIVATE_NAT = "private-nat"
PUBLIC = "public"
ENDPOINTS = "endpoints"

VARIANTS = (DEFAULT, PRIVATE_NAT, PUBLIC, ENDPOINTS)
ATTACHED = (PRIVATE_NAT, PUBLIC, ENDPOINTS)
