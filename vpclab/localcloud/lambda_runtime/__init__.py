"""The Lambda service's compute: execution environments, the Runtime API, and the logs they ship."""
