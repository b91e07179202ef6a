"""Free ports of the loopback address."""

import secrets
import socket

LOOPBACK = "127.0.0.1"
_OURS = range(20_000, 32_000)
"""Below what kernels give to outgoing connections: one of those could take a child's port while
the child is being started again."""


def free_port(preferred: int = 0) -> int:
    """Return `preferred` if nobody listens there, else any that is free."""
    port = preferred or secrets.choice(_OURS)
    while not _is_free(port):
        port = secrets.choice(_OURS)
    return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True
