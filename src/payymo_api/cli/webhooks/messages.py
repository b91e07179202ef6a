"""Reads Server-Sent Events, as `GET /events/stream` sends them."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple


class Message(NamedTuple):
    """`id`: where the stream is; without `data` it says only that."""

    id: int | None
    event: str
    data: bytes | None


def messages(chunks: Iterable[bytes]) -> Iterator[Message]:
    """Yield what is complete: a message that breaks off comes again when the stream goes on.

    Lines end with a line feed alone. JSON may hold what Unicode calls a line's end, too.
    """
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n\n")
        yield from map(_message, whole)


def _message(text: bytes) -> Message:
    lines = [line.partition(b":") for line in text.split(b"\n")]
    fields = {name: value.removeprefix(b" ") for name, _, value in lines}
    id = fields.get(b"id")
    return Message(
        None if id is None else int(id), fields.get(b"event", b"").decode(), fields.get(b"data")
    )
