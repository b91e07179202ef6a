"""Event types are declared once; what they show of themselves is what they are."""

from collections.abc import Iterator
from importlib import import_module

import httpx
import orjson
import pytest

from payymo_api.edge import exact
from payymo_api.messaging.events import PublicEvent
from payymo_api.webhooks.schemas.catalogue import EVENT_TYPES, object_id
from payymo_api.webhooks.schemas.catalogue.event_type import EventType
from tests.conftest import ROOT
from tests.schemas import faults

ALL = pytest.mark.parametrize("type", EVENT_TYPES.values(), ids=str)


def _kinds(base: type[PublicEvent]) -> Iterator[type[PublicEvent]]:
    for kind in base.__subclasses__():
        yield kind
        yield from _kinds(kind)


def _example(type: EventType) -> bytes:
    return exact.dump_plain(dict(type.example))


def test_every_event_that_a_feature_can_announce_is_declared() -> None:
    for path in ROOT.glob("src/payymo_api/*/events.py"):
        import_module(f"payymo_api.{path.parent.name}.events")
    announced = {kind.name for kind in _kinds(PublicEvent)}
    sent = {name for name, type in EVENT_TYPES.items() if type.available}

    assert announced == sent


@ALL
def test_an_example_is_what_its_schema_says_and_leaves_nothing_out(type: EventType) -> None:
    assert faults(type.schema, _example(type)) == []


@ALL
def test_an_example_can_be_read_by_the_model_that_builds_the_data(type: EventType) -> None:
    built = type.data.model_validate(exact.parse(_example(type)))

    assert orjson.loads(exact.dump(built)) == orjson.loads(_example(type))


@ALL
def test_every_event_names_what_it_is_about(type: EventType) -> None:
    assert object_id(type.name, orjson.loads(_example(type))) == type.example[type.object]
    assert type.schema["properties"][type.object]["type"] == "string"


async def test_one_event_type_is_shown_as_in_the_list(client: httpx.AsyncClient) -> None:
    listed = (await client.get("/api/v1/event_types")).json()["data"]
    shown = [await client.get(f"/api/v1/event_types/{each['name']}") for each in listed]

    assert [answer.json() for answer in shown] == listed
    assert (await client.get("/api/v1/event_types/moon.full")).status_code == 404


async def test_the_catalogue_is_shown_with_schemas_and_examples(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/event_types")

    shown = {each["name"]: each for each in answer.json()["data"]}
    assert list(shown) == list(EVENT_TYPES)
    for name, type in EVENT_TYPES.items():
        assert shown[name]["schema"] == type.schema
        assert shown[name]["since"] == type.since
        assert faults(shown[name]["schema"], orjson.dumps(shown[name]["example"])) == []
