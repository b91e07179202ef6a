"""What a challenge is sent by: asked for seldom, so each request has a sender of its own."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Annotated

from fastapi import Depends

from payymo_api.edge.scope import EffectDep
from payymo_api.edge.state import PartsDep
from payymo_api.webhooks.gateway.aiohttp_sender import AiohttpSender
from payymo_api.webhooks.service.challenge import Challenger


async def open_challenger(parts: PartsDep, effect: EffectDep) -> AsyncIterator[Challenger]:
    async with aclosing(AiohttpSender.of(parts.settings)) as sender:
        yield Challenger(effect.database, parts.keyring, sender, effect.tenant_id)


ChallengerDep = Annotated[Challenger, Depends(open_challenger, scope="function")]
