"""``python -m vpclab.toolchain.language_host``: what the launcher ``pulumi-language-python`` runs."""

import sys

from vpclab.toolchain.language_host.server import serve

if __name__ == "__main__":
    sys.exit(serve(sys.argv[1:]))
