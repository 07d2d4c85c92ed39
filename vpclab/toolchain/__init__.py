"""The Pulumi command line, and stand-ins for the parts of it that no package registry serves."""
