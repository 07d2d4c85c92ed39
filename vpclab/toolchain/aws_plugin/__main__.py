"""``python -m vpclab.toolchain.aws_plugin <engine address>``: what the executable of the plugin runs."""

import sys

from vpclab.toolchain.aws_plugin.server import serve

serve(sys.argv[1:])
