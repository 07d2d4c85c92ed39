"""The embedded local cloud: what AWS would drop, the Linux kernel drops."""
