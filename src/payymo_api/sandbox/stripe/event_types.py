"""The types of events that this version of the API knows."""

import json
from importlib import resources

EVENT_TYPES: frozenset[str] = frozenset(
    json.loads(resources.files(__package__).joinpath("event_types.json").read_text("utf-8"))
)
