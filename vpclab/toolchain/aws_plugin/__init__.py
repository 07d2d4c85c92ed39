"""A stand-in for Pulumi's ``aws`` plugin, for clouds on this machine.

The engine starts it as it would the official plugin and speaks the same protocol with it; programs use the
official SDK and cannot tell. It declares what it models, resource type by resource type, and refuses everything
else by name. It never speaks with an address that is not on loopback.
"""
