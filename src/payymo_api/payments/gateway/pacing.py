"""Calls to an account at the pace that Stripe bears, whoever in this process makes them."""

import asyncio
import math
import random
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Final

from payymo_api.payments.errors import StripeBusy
from payymo_api.payments.rules.pace import Pace
from payymo_api.payments.rules.raw import Raw

Send = Callable[[], Awaitable[Raw]]
_AGAIN_SECONDS: Final = (0.5, 1.0, 2.0)
_LONGEST_SECONDS = 5.0
"""Who would wait longer shall come again, and let others have the worker."""


class Pacer:
    """One account's pace. Who has no time goes at once, and before those who have."""

    def __init__(self) -> None:
        self.pace = Pace()

    async def call(self, send: Send, *, has_time: bool) -> Raw:
        """Send, and again when Stripe asks us to slow down: later each time, not all at once."""
        wait = self.pace.wait(monotonic())
        if has_time and wait > _LONGEST_SECONDS:
            raise StripeBusy("Many calls wait for this account.", retry_after=math.ceil(wait))
        for pause in _AGAIN_SECONDS:
            try:
                return await self._once(send, has_time=has_time)
            except StripeBusy:
                await asyncio.sleep(pause * random.uniform(0.5, 1))  # noqa: S311  spread, not secret
        return await self._once(send, has_time=has_time)

    def brake(self) -> None:
        """Stripe has asked us to slow down."""
        self.pace = self.pace.brake(monotonic())

    async def _once(self, send: Send, *, has_time: bool) -> Raw:
        moment = monotonic()
        wait = self.pace.wait(moment) if has_time else 0.0
        self.pace = self.pace.spend(moment)
        await asyncio.sleep(wait)
        answer = await send()
        self.pace = self.pace.speed_up()
        return answer


class Pacers:
    """The pace of each account, in each mode."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, bool], Pacer] = {}

    def of(self, account_id: str, *, livemode: bool) -> Pacer:
        return self._known.setdefault((account_id, livemode), Pacer())
