"""Assemble the workers. JOBS and TASKS are the whole background choreography on one screen."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from prometheus_client import Gauge, start_http_server
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from payymo_api.banking import events as bank_news
from payymo_api.banking import tasks as banking
from payymo_api.core import log
from payymo_api.core.errors import PayymoError
from payymo_api.core.settings import Settings
from payymo_api.core.types import TenantId
from payymo_api.edge import idempotency
from payymo_api.invoicing.events import CustomersChanged, DocumentsChanged
from payymo_api.messaging import inbox, relay
from payymo_api.messaging.leases import Lease
from payymo_api.messaging.queue import ArqQueue, Job, Queue, QueueName, Run, connected, consume
from payymo_api.payments import events as payment_news
from payymo_api.payments import tasks as payments
from payymo_api.reconciliation import tasks as reconciliation
from payymo_api.reconciliation.events import DecisionMade, MatchingDue
from payymo_api.tools import Task, Tools, in_database, on_event, open_tools, with_stripe
from payymo_api.webhooks import events as webhook_news
from payymo_api.webhooks import tasks as webhooks
from payymo_api.webhooks.repository import forgetting, lanes, stats

_log = log.get(__name__)
_LOOK_SECONDS = 1.0
_GATHER_SECONDS = 0.01  # news comes in swarms: one look serves many
_AGAIN_SECONDS = 1.0
_SCHEDULE_SECONDS = 2.0
_MEASURE_SECONDS = 15.0
_TIDY_SECONDS = 3600.0
_JOB_SECONDS: Final[Mapping[QueueName, int]] = {"sync": 600, "webhook": 60}
_OLDEST = Gauge("payymo_outbox_oldest_seconds", "How long the event due longest has waited")
_OLDEST_MESSAGE = Gauge(
    "payymo_inbox_oldest_seconds", "How long the provider's message due longest has waited"
)
_OLDEST_LANE = Gauge(
    "payymo_webhook_oldest_seconds", "How long the endpoint due longest has waited for a worker"
)


Sweep = Callable[[Tools, Queue], Awaitable[int]]


async def _sync_account(tools: Tools, tenant_id: TenantId, payload: dict[str, Any]) -> None:
    await banking.sync_account(tools.database, tools.banks, tenant_id, payload)


async def _complete_consent(tools: Tools, tenant_id: TenantId, payload: dict[str, Any]) -> None:
    await banking.complete_consent(tools.database, tools.banks, tenant_id, payload)


async def _end_consent(tools: Tools, _: TenantId, payload: dict[str, Any]) -> None:
    await banking.end_consent(tools.banks, payload)


async def _relay_events(tools: Tools, queue: Queue) -> int:
    return await relay.relay(tools.database, queue, JOBS)


async def _queue_messages(tools: Tools, queue: Queue) -> int:
    return await payments.queue_messages(tools.database, queue)


async def _follow_stripe_event(tools: Tools, tenant_id: TenantId, id: UUID) -> None:
    lease = Lease(tools.presence.number, timedelta(seconds=_JOB_SECONDS["webhook"] + 10))
    await payments.follow_event(tools.database, tools.stripes, tenant_id, id, lease)


MATCH_OPEN_LINES = Job("match_open_lines", "sync")
MATCH_CHANGED_DOCUMENTS = Job("match_changed_documents", "sync")
MATCH_CHANGED_CUSTOMERS = Job("match_changed_customers", "sync")
MATCH_CHANGED_PAYOUTS = Job("match_changed_payouts", "sync")
MATCH_EVERYTHING = Job("match_everything", "sync")
MATCH_AFTER_DECISION = Job("match_after_decision", "sync")
UNDO_REMOVED_LINE = Job("undo_removed_line", "sync")
SETTLE_BY_PAYMENTS = Job("settle_by_payments", "webhook")
BOOK_STRIPE_INVOICES = Job("book_stripe_invoices", "webhook")
SYNC_ACCOUNT = Job("sync_account", "sync")
COMPLETE_CONSENT = Job("complete_consent", "sync")
END_CONSENT = Job("end_consent", "sync")
REVIEW_TRANSFER = Job("review_transfer", "sync")
FETCH_PAYOUT_PARTS = Job("fetch_payout_parts", "sync")
TELL_DISPUTED_PAYMENTS = Job("tell_disputed_payments", "sync")
APPLY_RULES = Job("apply_category_rules", "sync")
END_STRIPE_ACCESS = Job("end_stripe_access", "sync")
REGISTER_STRIPE_ENDPOINT = Job("register_stripe_endpoint", "sync")
CATCH_UP_STRIPE = Job("catch_up_stripe", "sync")
FETCH_STRIPE_HISTORY = Job("fetch_stripe_history", "sync")
END_DELIVERIES = Job("end_deliveries", "sync")
ERASE_EVENTS = Job("erase_events", "sync")

JOBS: Final[Mapping[str, Job]] = {
    bank_news.AccountDue.name: SYNC_ACCOUNT,
    bank_news.ConsentReturned.name: COMPLETE_CONSENT,
    bank_news.ConsentRevoked.name: END_CONSENT,
    bank_news.TransactionsSynced.name: MATCH_OPEN_LINES,
    bank_news.LineRemoved.name: UNDO_REMOVED_LINE,
    bank_news.TransferDoubted.name: REVIEW_TRANSFER,
    bank_news.RulesApplied.name: APPLY_RULES,
    payment_news.StripeAccessEnded.name: END_STRIPE_ACCESS,
    payment_news.StripeConnected.name: REGISTER_STRIPE_ENDPOINT,
    payment_news.StripeCatchUpDue.name: CATCH_UP_STRIPE,
    payment_news.StripeHistoryDue.name: FETCH_STRIPE_HISTORY,
    DocumentsChanged.name: MATCH_CHANGED_DOCUMENTS,
    CustomersChanged.name: MATCH_CHANGED_CUSTOMERS,
    payment_news.DisputesDecided.name: TELL_DISPUTED_PAYMENTS,
    payment_news.PayoutListed.name: FETCH_PAYOUT_PARTS,
    payment_news.PayoutsChanged.name: MATCH_CHANGED_PAYOUTS,
    MatchingDue.name: MATCH_EVERYTHING,
    DecisionMade.name: MATCH_AFTER_DECISION,
    payment_news.StripePaymentsMoved.name: SETTLE_BY_PAYMENTS,
    payment_news.StripeInvoicesMoved.name: BOOK_STRIPE_INVOICES,
    webhook_news.EndpointRemoved.name: END_DELIVERIES,
    webhook_news.ErasureAsked.name: ERASE_EVENTS,
}
"""Event -> the job it causes."""

TASKS: Final[Mapping[Job, Task]] = {
    SYNC_ACCOUNT: on_event(_sync_account),
    COMPLETE_CONSENT: on_event(_complete_consent),
    END_CONSENT: on_event(_end_consent),
    MATCH_OPEN_LINES: on_event(in_database(reconciliation.match_open_lines)),
    UNDO_REMOVED_LINE: on_event(in_database(reconciliation.undo_removed_line)),
    REVIEW_TRANSFER: on_event(in_database(banking.review_transfer)),
    END_STRIPE_ACCESS: on_event(with_stripe(payments.end_access)),
    REGISTER_STRIPE_ENDPOINT: on_event(with_stripe(payments.register_endpoint)),
    CATCH_UP_STRIPE: on_event(with_stripe(payments.catch_up)),
    FETCH_STRIPE_HISTORY: on_event(with_stripe(payments.fetch_history)),
    payments.FOLLOW: _follow_stripe_event,
    APPLY_RULES: on_event(in_database(banking.apply_rules)),
    FETCH_PAYOUT_PARTS: on_event(with_stripe(payments.fetch_payout_parts)),
    TELL_DISPUTED_PAYMENTS: on_event(in_database(payments.tell_disputed_payments)),
    MATCH_CHANGED_DOCUMENTS: on_event(in_database(reconciliation.match_changed_documents)),
    MATCH_CHANGED_CUSTOMERS: on_event(in_database(reconciliation.match_changed_customers)),
    MATCH_CHANGED_PAYOUTS: on_event(in_database(reconciliation.match_changed_payouts)),
    SETTLE_BY_PAYMENTS: on_event(in_database(reconciliation.settle_by_payments)),
    BOOK_STRIPE_INVOICES: on_event(in_database(reconciliation.book_stripe_invoices)),
    MATCH_EVERYTHING: on_event(in_database(reconciliation.match_everything)),
    MATCH_AFTER_DECISION: on_event(in_database(reconciliation.match_after_decision)),
    END_DELIVERIES: on_event(in_database(webhooks.end_deliveries)),
    ERASE_EVENTS: on_event(in_database(webhooks.erase_events)),
}
"""Job -> what runs it, given the id of its row."""

SWEEPS: Final[tuple[Sweep, ...]] = (_relay_events, _queue_messages)
"""What every worker process does whenever it is woken, at least once a second."""

FORGETTING: Final = (
    relay.forget_old,
    forgetting.forget_old,
    inbox.forget_old,
    idempotency.forget_old,
    stats.forget_old,
)
"""What is deleted in the end, looked for every hour."""


async def run(settings: Settings, queue: QueueName) -> None:
    """Work until cancelled; PostgreSQL or Redis being away only pauses the work.

    Cancelled, it takes no more jobs and lets those that run end, for 10 seconds at most; what
    doesn't end by then is due again when its lease is over.
    """
    if settings.worker_metrics_port:
        start_http_server(settings.worker_metrics_port, settings.host)
    stop = asyncio.Event()
    async with open_tools(settings) as tools, _at_work(tools, queue) as group:
        group.create_task(_sweep(tools, stop))
        group.create_task(_consume(tools, queue))
        group.create_task(_schedule(tools))
        group.create_task(_measure(tools))
        group.create_task(_tidy(tools))
        try:
            await asyncio.Event().wait()  # for ever
        finally:
            stop.set()


@asynccontextmanager
async def _at_work(tools: Tools, queue: QueueName) -> AsyncIterator[asyncio.TaskGroup]:
    """Be present until all tasks have ended, and hear of webhooks where those are delivered."""
    serving = _webhooks(tools) if queue == "webhook" else None
    async with tools.presence.kept(), asyncio.TaskGroup() as group:
        if serving:
            group.create_task(serving.run())
        yield group


def _webhooks(tools: Tools) -> webhooks.Webhooks:
    return webhooks.Webhooks(tools.database, tools.keyring, tools.sender, tools.presence)


async def _sweep(tools: Tools, stop: asyncio.Event) -> None:
    """Sweep until cancelled; `stop` too, as Python 3.11's `wait_for` may swallow a cancellation.

    A worker that is present anew begins a new life of the queue: what was queued, and not taken, by
    one that died is issued again.
    """
    begun: int | None = None
    async with connected(tools.settings.redis_url) as redis:
        queue = ArqQueue(redis)
        while not stop.is_set():
            try:
                if tools.presence.number not in {None, begun}:
                    starting = tools.presence.number
                    await queue.begin_life()
                    begun = starting
                found = [await sweep(tools, queue) for sweep in SWEEPS]
            except (PayymoError, RedisError, SQLAlchemyError, OSError) as error:
                _log.warning("sweep_paused", cause=type(error).__name__)
                await asyncio.sleep(_AGAIN_SECONDS)
            else:
                if max(found) < relay.BATCH:
                    await tools.presence.wait(_LOOK_SECONDS)
                    await asyncio.sleep(_GATHER_SECONDS)


async def _consume(tools: Tools, queue: QueueName) -> None:
    runs = {job.name: _run(tools, job) for job in TASKS if job.queue == queue}
    await consume(tools.settings.redis_url, queue, runs, _JOB_SECONDS[queue])


def _run(tools: Tools, job: Job) -> Run:
    """What the queue calls. A job that fails is due again when its row's lease is over."""

    async def run(tenant_id: TenantId, id: UUID) -> None:
        try:
            await TASKS[job](tools, tenant_id, id)
        except PayymoError as error:
            _log.warning("job_interrupted", job=job.name, code=error.code)

    return run


async def _schedule(tools: Tools) -> None:
    """Do what time alone makes due."""
    while True:
        try:
            await banking.schedule_due(tools.database)
            await banking.fold_rollups(tools.database)
            await payments.schedule_due(tools.database)
        except (PayymoError, SQLAlchemyError) as error:
            _log.warning("schedule_paused", cause=type(error).__name__)
        await asyncio.sleep(_SCHEDULE_SECONDS)


async def _measure(tools: Tools) -> None:
    while True:
        with suppress(PayymoError, SQLAlchemyError):
            _OLDEST.set(await relay.oldest_seconds(tools.database, JOBS))
            _OLDEST_MESSAGE.set(await inbox.oldest_seconds(tools.database))
            _OLDEST_LANE.set(await lanes.oldest_seconds(tools.database))
        await asyncio.sleep(_MEASURE_SECONDS)


async def _tidy(tools: Tools) -> None:
    while True:
        for forget_old in FORGETTING:
            try:
                while count := await forget_old(tools.database):
                    _log.info("forgotten", what=forget_old.__module__, count=count)
            except (PayymoError, SQLAlchemyError) as error:
                _log.warning("not_forgotten", cause=type(error).__name__)
        await asyncio.sleep(_TIDY_SECONDS)
