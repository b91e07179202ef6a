"""The stream of all of Stripe's events for thousands of objects: the mirror equals Stripe."""

import pytest

from tests.payments.stream import Stream, endure

pytestmark = pytest.mark.fault
OBJECTS = 5000


async def test_the_mirror_of_many_equals_stripe(stream: Stream) -> None:
    await endure(stream, OBJECTS)
