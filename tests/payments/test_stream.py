"""All types of events, shuffled, doubled and some lost: after one catch-up nothing is amiss."""

from tests.payments.stream import Stream, endure, stream

__all__ = ["stream"]


async def test_the_mirror_equals_stripe(stream: Stream) -> None:
    await endure(stream, 200)
