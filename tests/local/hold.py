"""A parent to be killed: starts a stack on stand-ins, or embedded servers, and waits."""

import sys
import threading
from pathlib import Path

from payymo_api.local.embedded import embedded_servers
from payymo_api.local.stack import running_stack


def main(what: str, folder: Path, *command: str) -> None:
    """Hold `stack` or `servers` until something ends us; say `ready` when they are."""
    held = running_stack(folder, command=command) if what == "stack" else embedded_servers(folder)
    with held:
        print("ready", flush=True)  # noqa: T201  the test waits for it
        threading.Event().wait()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:])
