"""An invocation that is signed once and sent often, over a connection that stays: a client that costs little."""

from http.client import HTTPConnection
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

SECONDS = 130
OK = 200


class SignedInvocation:
    """Invokes one function at one endpoint; not for several threads. A signature is good for some minutes."""

    def __init__(self, endpoint: str, function: str) -> None:
        url = f"{endpoint}/2015-03-31/functions/{function}/invocations"
        request = AWSRequest("POST", url, data=b"{}", headers={"Content-Type": "application/json"})
        SigV4Auth(Credentials("test", "test"), "lambda", "us-east-1").add_auth(request)
        self._headers = dict(request.headers)
        self._path = urlsplit(url).path
        self._connection = HTTPConnection(urlsplit(endpoint).netloc, timeout=SECONDS)

    def __call__(self) -> None:
        """Invoke, and insist on an answer without an error."""
        self._connection.request("POST", self._path, b"{}", self._headers)
        answer = self._connection.getresponse()
        payload = answer.read()
        if answer.status != OK or answer.getheader("X-Amz-Function-Error"):
            raise SystemExit(f"{self._path} answered {answer.status}: {payload[:500].decode(errors='replace')}")

    def close(self) -> None:
        """Hang up."""
        self._connection.close()
