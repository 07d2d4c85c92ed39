"""The head of an HTTP/1.1 request, read quickly where it is as plain as almost all are.

The standard library reads the headers with its parser of mail, which took a tenth of a warm invocation's time.
What is unusual in any way is still its to read, and to refuse.
"""

import io
import re
from http.server import BaseHTTPRequestHandler

LONGEST_LINE = 65536
MOST_LINES = 100
"""Of headers, with the empty one that ends them."""

_REQUEST = re.compile(rb"([A-Z]+) (/(?:[!-.0-~][!-~]*)?) (HTTP/1\.1)\r\n")
_HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\x21-\x7e](?:[\x20-\x7e\t]*))\r\n")
_CONCERNS_THE_CONNECTION = frozenset({b"connection", b"expect"})


class RequestHead(BaseHTTPRequestHandler):
    """Reads heads; what to do with a request is the subclass's."""

    raw_requestline: bytes

    def parse_request(self) -> bool:
        """As the base class: False, when the client has got an error already."""
        request = _REQUEST.fullmatch(self.raw_requestline)
        if request is None:
            return super().parse_request()
        lines = [self.rfile.readline(LONGEST_LINE + 1)]
        while (
            lines[-1] not in (b"\r\n", b"\n", b"") and len(lines) <= MOST_LINES and len(lines[-1]) <= LONGEST_LINE
        ):
            lines.append(self.rfile.readline(LONGEST_LINE + 1))
        if self._are_plain(lines):
            self.requestline = self.raw_requestline.decode().rstrip("\r\n")
            self.command, self.path, self.request_version = (part.decode() for part in request.groups())
            self.close_connection = False
            return True
        unread, self.rfile = self.rfile, io.BufferedReader(io.BytesIO(b"".join(lines)))
        try:
            return super().parse_request()
        finally:
            self.rfile = unread

    def _are_plain(self, lines: list[bytes]) -> bool:
        """Whether these headers, ended by an empty line, are as plain as that; then they are noted."""
        if lines[-1] != b"\r\n" or len(lines) > MOST_LINES:
            return False
        headers = self.MessageClass()
        for line in lines[:-1]:
            found = _HEADER.fullmatch(line)
            if found is None or found[1].lower() in _CONCERNS_THE_CONNECTION:
                return False
            headers.add_header(found[1].decode(), found[2].decode())
        self.headers = headers
        return True
