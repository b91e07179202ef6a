"""All that is due now, once: what a webhook worker does for ever."""

from payymo_api.core.crypto import Keyring
from payymo_api.core.db import Database
from payymo_api.messaging.presence import Presence
from payymo_api.webhooks.gateway import Sender
from payymo_api.webhooks.service.dispatch import Dispatcher
from payymo_api.webhooks.service.fan_out import FanOut


async def drain(database: Database, keyring: Keyring, sender: Sender, presence: Presence) -> int:
    """Fan out what has happened, and send what is due, one after another; return how many posts."""
    fan_out = FanOut(database)
    while await fan_out.batch():
        pass
    return await Dispatcher(database, keyring, sender, presence).drain()
