"""Serves moto as it comes, on an inherited socket and on the loopback of this process's own network.

``python plain_moto.py PORT DESCRIPTOR``.
"""

import sys
import threading

from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server


def main(port: int, descriptor: int) -> None:
    """Serve until killed."""
    application = DomainDispatcherApplication(create_backend_app)
    inside = make_server("127.0.0.1", port, application, threaded=True)
    threading.Thread(target=inside.serve_forever, daemon=True).start()
    make_server("127.0.0.1", port, application, threaded=True, fd=descriptor).serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
