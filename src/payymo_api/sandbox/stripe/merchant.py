"""An account in one mode, live or test: its objects, its events, and what falls due."""

import heapq
import json
import string
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from random import Random
from typing import Any

from payymo_api.sandbox.clock import SandboxClock
from payymo_api.sandbox.stripe.refusals import Wire, no_such

API_VERSION = "2026-10-28.endive"
_LETTERS = string.ascii_letters + string.digits

Reaction = Callable[["Merchant", Wire], None]


@dataclass(frozen=True, slots=True)
class Cause:
    """The request that made an event."""

    request_id: str | None = None
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """`snapshot` is the object as it was, in JSON."""

    id: str
    type: str
    created: int
    livemode: bool
    snapshot: bytes
    previous: Wire | None
    cause: Cause

    def wire(self) -> Wire:
        told: Wire = {"object": json.loads(self.snapshot)}
        if self.previous is not None:
            told["previous_attributes"] = self.previous
        return {
            "id": self.id,
            "object": "event",
            "api_version": API_VERSION,
            "created": self.created,
            "data": told,
            "livemode": self.livemode,
            "pending_webhooks": 0,
            "request": {
                "id": self.cause.request_id,
                "idempotency_key": self.cause.idempotency_key,
            },
            "type": self.type,
        }


class Merchant:
    """`reactions` follow an event by its type; `announce` carries it to webhook endpoints."""

    def __init__(
        self,
        account: str,
        clock: SandboxClock,
        seed: str,
        *,
        livemode: bool,
        reactions: Mapping[str, tuple[Reaction, ...]],
        announce: Callable[["Merchant", Event], None],
    ) -> None:
        self.account = account
        self.livemode = livemode
        self.base_url = ""
        self.objects: dict[str, Wire] = {}
        self.tables: defaultdict[str, dict[str, Wire]] = defaultdict(dict)
        self.events: dict[str, Event] = {}
        self.order: dict[str, int] = {}
        self.private: defaultdict[str, dict[str, Any]] = defaultdict(dict)
        self.cause = Cause()
        self._clock = clock
        self._chance = Random(f"{seed}/{account}/{livemode}")  # noqa: S311  ids repeat by seed
        self._reactions = reactions
        self._announce = announce
        self._agenda: list[tuple[int, int, Callable[[], None]]] = []
        self._order = count()
        self._moment: int | None = None

    def now(self) -> int:
        """Unix seconds: the moment that something falls due at, while it is being done."""
        return self._moment or int(self._clock.now().timestamp())

    def later(self, at: int, act: Callable[[], None]) -> None:
        heapq.heappush(self._agenda, (at, next(self._order), act))

    def bring_forward(self) -> None:
        """Do what has fallen due, each at its own moment."""
        until = int(self._clock.now().timestamp())
        while self._agenda and self._agenda[0][0] <= until:
            self._moment, _, act = heapq.heappop(self._agenda)
            try:
                act()
            finally:
                self._moment = None

    @contextmanager
    def caused_by(self, cause: Cause) -> Iterator[None]:
        self.cause = cause
        try:
            yield
        finally:
            self.cause = Cause()

    def new_id(self, prefix: str, length: int = 24) -> str:
        return f"{prefix}_{self.letters(length)}"

    def letters(self, length: int) -> str:
        return "".join(self._chance.choices(_LETTERS, k=length))

    def keep(self, kind: str, prefix: str, **fields: Any) -> Wire:  # noqa: ANN401  any JSON
        """Make an object with what every object has."""
        wire: Wire = {
            "id": self.new_id(prefix),
            "object": kind,
            "created": self.now(),
            "livemode": self.livemode,
        } | fields
        self.objects[wire["id"]] = self.tables[kind][wire["id"]] = wire
        self.order[wire["id"]] = len(self.order)
        return wire

    def forget(self, wire: Wire) -> Wire:
        """Delete: what is left is a tombstone that can still be read, but is not listed."""
        del self.tables[wire["object"]][wire["id"]]
        self.objects[wire["id"]] = {"id": wire["id"], "object": wire["object"], "deleted": True}
        return self.objects[wire["id"]]

    def get(self, kind: str, id: str, param: str | None = None) -> Wire:
        """The living object; `param` names the parameter that asked for it, None the path."""
        wire = self.tables[kind].get(id)
        if wire is None:
            status = 400 if param else 404
            raise no_such(kind, id, param or "id", status)
        return wire

    def find(self, kind: str, id: str | None, param: str) -> Wire | None:
        return self.get(kind, id, param) if id else None

    def newest_first(self, kind: str) -> list[Wire]:
        return list(reversed(self.tables[kind].values()))

    def knows_of(self, wire: Wire) -> bool:
        """Has anything been told of this object?"""
        return wire["id"] in self.private["told"]

    def emit(self, type: str, wire: Wire) -> None:
        """Record that something happened to an object, announce it, do what follows from it."""
        snapshot = json.dumps(wire).encode()
        told, id = self.private["told"], str(wire.get("id", wire["object"]))
        before = told.get(id) if type.endswith("updated") else None
        previous = _changed(json.loads(before), wire) if before else None
        event = Event(
            self.new_id("evt"), type, self.now(), self.livemode, snapshot, previous, self.cause
        )
        told[id] = snapshot
        self.events[event.id] = event
        self.order[event.id] = len(self.order)
        self._announce(self, event)
        for react in self._reactions.get(type, ()):
            react(self, wire)


def _changed(before: Wire, after: Wire) -> Wire:
    """What the fields that differ were before."""
    return {
        name: _changed(before[name], after[name])
        if isinstance(before.get(name), dict) and isinstance(after[name], dict)
        else before.get(name)
        for name in after
        if before.get(name) != after[name]
    }
