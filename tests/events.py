"""Events as features would announce them, for tests that are not about what they say."""

from payymo_api.edge import exact
from payymo_api.webhooks.schemas.catalogue import EVENT_TYPES


def data_of(event_type: str, **fields: object) -> str:
    """Return `data` as the type's example has it, but for these fields."""
    return exact.dump_plain(dict(EVENT_TYPES[event_type].example) | fields).decode()
