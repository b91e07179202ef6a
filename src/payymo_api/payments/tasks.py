from typing import Any

from payymo_api.core.db import Database
from payymo_api.payments.events import StripeAccessEnded
from payymo_api.payments.service import connections
from payymo_api.payments.service.accounts import Stripes


async def end_access(database: Database, stripes: Stripes, payload: dict[str, Any]) -> None:
    await connections.end_access(database, stripes, StripeAccessEnded.model_validate(payload))
