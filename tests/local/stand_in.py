"""Stands in for `payymo` where the supervisor is on trial: its commands, with nothing behind."""

import http.server
import json
import os
import sys
import threading
from http import HTTPStatus

KEY = "pym_test_stand_in"


class _Api(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        """Be ready, and know one key."""
        known = self.path == "/health/ready" or self.headers["X-API-Key"] == KEY
        self.send_response(HTTPStatus.OK if known else HTTPStatus.UNAUTHORIZED)
        self.end_headers()


def main(command: str) -> None:
    """Do what the supervisor can see of the command."""
    if os.environ.get("STAND_IN_FAILS") == command:
        raise SystemExit(f"{command} is out of order")
    match command:
        case "tenant":
            print(json.dumps({"id": "tenant_stand_in"}))  # noqa: T201  its answer
        case "key":
            print(json.dumps({"key": KEY}))  # noqa: T201  its answer
        case "api":
            address = (os.environ["PAYYMO_HOST"], int(os.environ["PAYYMO_PORT"]))
            http.server.ThreadingHTTPServer(address, _Api).serve_forever()
        case "worker" | "sandbox":
            threading.Event().wait()
        case _:
            return


if __name__ == "__main__":
    main(sys.argv[1])
