"""Valkey behind ElastiCache nodes: one process for each, in the namespace of its interface."""

from vpclab.localcloud.caches.caches import Caches

__all__ = ["Caches"]
