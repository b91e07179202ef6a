"""Server-Sent Events, as the HTML standard has them on the wire.

The bytes of an event are one line: JSON holds no line break that is not escaped.
"""

RETRY_MS = 1000


def beginning(sequence: int) -> bytes:
    """Say where the stream begins, so that a client who lost it at once can go on from there."""
    return b"retry: %d\nid: %d\n\n" % (RETRY_MS, sequence)


def event(sequence: int, event_type: str, body: bytes) -> bytes:
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (sequence, event_type.encode(), body)


def heartbeat(sequence: int) -> bytes:
    """A comment, and how far the stream is: past events that the client did not ask for, too."""
    return b": heartbeat\nid: %d\n\n" % sequence
