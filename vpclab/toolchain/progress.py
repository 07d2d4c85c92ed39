"""How the tool chain tells what it does, step by step."""

from collections.abc import Callable

Say = Callable[[str], None]
"""Takes one finished line of progress, without a line break."""
