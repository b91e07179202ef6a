"""Stripe's deliveries: verified, kept, answered. What they tell of is asked for by a job.

What comes while all writers are busy shares the next transaction: a swarm costs few commits.
"""

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Final

import orjson
from prometheus_client import Counter

from payymo_api.core.clock import now
from payymo_api.core.crypto import Keyring
from payymo_api.core.db import Database
from payymo_api.core.errors import MalformedRequest, NotFound, PayymoError
from payymo_api.core.settings import Settings
from payymo_api.core.types import StripeConnectionId
from payymo_api.messaging import inbox, outbox
from payymo_api.messaging.inbox import Message
from payymo_api.payments.errors import StripeSignatureRefused
from payymo_api.payments.repository.receivers import (
    Receiver,
    SealedSecret,
    receiver_and_secrets,
    receivers_of_account,
)
from payymo_api.payments.rules.notices import ACCOUNT, Notice, Subject, read_notice, subject_text
from payymo_api.payments.rules.signature import flaw
from payymo_api.payments.service.kinds import KINDS
from payymo_api.payments.service.secrets import unsealed

SOURCE: Final = "stripe"
_DELIVERIES = Counter("payymo_stripe_deliveries", "Deliveries of Stripe's events", ["outcome"])
_REMEMBERED_SECONDS = 1.0
_REMEMBERED = 10_000
_GATHER_SECONDS = 0.01
_WRITERS = 4  # of the pool's ten connections


def count(outcome: str, times: int = 1) -> None:
    """Count deliveries by what became of them."""
    _DELIVERIES.labels(outcome).inc(times)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A connection's own address for webhooks."""

    receiver: Receiver
    secrets: Sequence[tuple[SealedSecret, str]]

    def living_secrets(self) -> list[str]:
        moment = now()
        return [
            text
            for kept, text in self.secrets
            if kept.expires_at is None or kept.expires_at > moment
        ]


@dataclass(slots=True)
class Intake:
    """Takes deliveries in. Whose they are is remembered for a second."""

    database: Database
    keyring: Keyring
    platform_secrets: Sequence[str] = field(repr=False)
    _remembered: dict[Any, tuple[float, Any]] = field(default_factory=dict)
    _waiting: list[tuple[Sequence[Message], asyncio.Future[None]]] = field(default_factory=list)
    _writers: set[asyncio.Task[None]] = field(default_factory=set)
    _waking: asyncio.Task[None] | None = None

    async def take_platform(self, signature: str, body: bytes) -> None:
        """A delivery to our platform's endpoint: for whoever has connected the event's account."""
        _verify(signature, body, self.platform_secrets)
        notice = _read(body)
        if notice is None:
            return
        receivers = await self._receivers_of(notice.account)
        await self._keep(notice, receivers)

    async def take_direct(self, id: StripeConnectionId, signature: str, body: bytes) -> None:
        """A delivery to a connection's own endpoint."""
        endpoint = await self._endpoint(id)
        if endpoint is None:
            count("unknown_endpoint")
            raise NotFound("There is no such thing here.")
        _verify(signature, body, endpoint.living_secrets())
        if notice := _read(body):
            await self._keep(notice, [endpoint.receiver])

    async def _keep(self, notice: Notice, receivers: Sequence[Receiver]) -> None:
        """Keep it for those of its mode: a live platform hears of its accounts' tests too."""
        if not receivers:
            count("unknown_account")
            return
        own = [each for each in receivers if each.livemode is notice.livemode]
        if not own:
            count("other_mode")
            return
        messages = [message_of(notice, each) for each in own]
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((messages, written))
        if len(self._writers) < _WRITERS:
            writer = asyncio.create_task(self._write())
            self._writers.add(writer)
            writer.add_done_callback(self._writers.discard)
        await written

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                await self._write_once([each for messages, _ in batch for each in messages])
            except Exception as error:  # noqa: BLE001  each of them is told
                _settle(batch, error)
            else:
                _settle(batch, None)
            if self._waking is None or self._waking.done():
                self._waking = asyncio.create_task(self._wake())

    async def _wake(self) -> None:
        """Wake the workers, a moment later: no answer waits for it, and once does for a swarm."""
        await asyncio.sleep(_GATHER_SECONDS)
        with suppress(PayymoError):  # they look by themselves too
            async with self.database.system_write_scope() as scope:
                await outbox.wake(scope)

    async def _write_once(self, messages: Sequence[Message]) -> None:
        async with self.database.system_write_scope() as scope:
            new = await inbox.keep(scope, SOURCE, messages)
        count("kept", new)
        count("repeated", len(messages) - new)

    async def _receivers_of(self, account_id: str | None) -> Sequence[Receiver]:
        if account_id is None:
            return ()
        found: Sequence[Receiver] | None = self._recalled(account_id)
        if found is None:
            async with self.database.system() as session:
                found = await receivers_of_account(session, account_id)
            self._remember(account_id, found)
        return found

    async def _endpoint(self, id: StripeConnectionId) -> Endpoint | None:
        endpoint: Endpoint | None = self._recalled(id)
        if endpoint is None:
            async with self.database.system() as session:
                found = await receiver_and_secrets(session, id)
            if found is None:
                return None
            receiver, secrets = found
            opened = [(each, unsealed(self.keyring, receiver.tenant_id, each)) for each in secrets]
            endpoint = Endpoint(receiver, opened)
            self._remember(id, endpoint)
        return endpoint

    def forget(self) -> None:
        """Look everything up anew."""
        self._remembered.clear()

    def _recalled(self, key: object) -> Any:  # noqa: ANN401  what was remembered
        until, found = self._remembered.get(key, (0.0, None))
        return found if until > monotonic() else None

    def _remember(self, key: object, found: object) -> None:
        if len(self._remembered) >= _REMEMBERED:
            self._remembered.clear()
        self._remembered[key] = (monotonic() + _REMEMBERED_SECONDS, found)


def open_intake(settings: Settings, database: Database, keyring: Keyring) -> Intake:
    given = settings.stripe_webhook_secrets
    secrets = given.get_secret_value().split(",") if given else []
    return Intake(database, keyring, [each.strip() for each in secrets if each.strip()])


def followed(subjects: Iterable[Subject]) -> list[Subject]:
    """Return those that there is something to ask of."""
    return [subject for subject in subjects if subject[0] in KINDS or subject[0] == ACCOUNT]


def message_of(notice: Notice, receiver: Receiver) -> Message:
    """What the inbox keeps: objects of kinds that are not mirrored are nothing to ask for."""
    subjects = followed(notice.subjects)
    return Message(
        receiver.tenant_id,
        receiver.connection_id,
        notice.id,
        notice.type,
        subject_text(subjects),
    )


def _verify(signature: str, body: bytes, secrets: Sequence[str]) -> None:
    if found := flaw(signature, body, secrets, now().timestamp()):
        count(found)
        raise StripeSignatureRefused(f"The Stripe-Signature is {found}.")


def _read(body: bytes) -> Notice | None:
    """Read a body that Stripe signed; None for what is no event that we could know."""
    try:
        notice = read_notice(orjson.loads(body))
    except orjson.JSONDecodeError as error:
        count("unreadable")
        raise MalformedRequest("The body is not valid JSON.") from error
    if notice is None:
        count("unknown")
    return notice


def _settle(batch: Sequence[tuple[object, asyncio.Future[None]]], error: Exception | None) -> None:
    for _, written in batch:
        if written.done():
            continue
        if error:
            written.set_exception(error)
        else:
            written.set_result(None)
