"""`data` of the transaction events. A first sync tells a hundred thousand: none is made a model.

A test holds it equal to what `TransactionNews` would write.
"""

from functools import lru_cache

import orjson

from payymo_api.banking.models import Transaction
from payymo_api.banking.repository.new_lines import NewLine
from payymo_api.core.money import decimal_text
from payymo_api.core.types import ConnectionId, public_id
from payymo_api.edge import exact

_owner_id = lru_cache(public_id)


def news(row: Transaction | NewLine, connection_id: ConnectionId | None) -> str:
    """Return exact JSON."""
    id = public_id("tr", row.id)
    told = {
        "id": id,
        "account_id": _owner_id("bacc", row.account_id),
        "connection_id": connection_id and _owner_id("bc", connection_id),
        "status": row.status,
        "amount": orjson.Fragment(decimal_text(row.amount_minor, row.currency)),
        "amount_minor": row.amount_minor,
        "currency": row.currency,
        "booked_on": row.booked_on,
        "value_on": row.value_on,
        "booked_at": row.booked_at,
        "description": row.description,
        "reference": row.reference,
        "end_to_end_id": row.end_to_end_id,
        "counterparty": {"name": row.counterparty_name, "iban": row.counterparty_iban},
        "merchant": row.merchant,
        "category": row.category,
        "category_source": row.category_source,
        "transfer_of": row.transfer_of and public_id("tr", row.transfer_of),
        "note": row.note,
        "match_state": row.match_state,
        "settled_minor": row.settled_minor,
        "raw": None,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
        "transaction_id": id,
        "date": row.booked_on,
    }
    return exact.dump_plain(told).decode()
