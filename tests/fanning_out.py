"""What webhook workers do with events first, done at once."""

from payymo_api.core.db import Database
from payymo_api.webhooks.service.fan_out import FanOut


async def fan_out(database: Database) -> None:
    """Give every committed event its place, and owe it to the endpoints that want it."""
    found = FanOut(database)
    while await found.batch():
        pass
