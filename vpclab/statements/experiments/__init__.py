"""Experiments: what is made for a moment and tried, because a deployment as it stands does not show it."""
