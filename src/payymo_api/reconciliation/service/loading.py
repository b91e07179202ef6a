"""Fill an engine with whatever some lines may mean: by their keys, in a few statements for all."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from payymo_api.banking.models import Transaction
from payymo_api.core.db import Scope
from payymo_api.invoicing.rules.keys import CustomerKeyKind
from payymo_api.invoicing.rules.names import Heard, ends, heard
from payymo_api.reconciliation.repository.candidates import Amount, Candidates
from payymo_api.reconciliation.repository.learned import LearnedRepository
from payymo_api.reconciliation.rules.batches import days
from payymo_api.reconciliation.rules.hypotheses import MOST_PAYERS
from payymo_api.reconciliation.rules.matcher import Matcher
from payymo_api.reconciliation.rules.payer import Grade, payer_keys, payers, sharing
from payymo_api.reconciliation.rules.reading import Reading, read
from payymo_api.reconciliation.rules.values import Answer, Document, Line
from payymo_api.reconciliation.service.lines import line_of

Place = tuple[date, UUID]
"""Where a line stands among all: they are decided in this order."""


@dataclass(frozen=True)
class Desk:
    """Lines to decide, in their order, and an engine that knows what they may mean."""

    matcher: Matcher
    readings: Sequence[Reading]
    documents: Mapping[UUID, Document]
    """As they were read, whatever the engine has settled since."""
    reserved: Sequence[tuple[Place, UUID]]
    """Documents kept for lines that wait for somebody's decision, in the lines' order."""


def place(line: Line) -> Place:
    return line.booked_on, line.id


async def load(scope: Scope, rows: Sequence[Transaction]) -> Desk:
    """Read everything that the engine may ask when it decides about these lines."""
    candidates = Candidates(scope)
    own = await candidates.own()
    matcher = Matcher(own_accounts=own.accounts, own_names=own.names)
    readings = [read(line) for line in sorted(map(line_of, rows), key=place)]
    await _know_entries(candidates, matcher, rows)
    learnt = await _learn(scope, matcher, readings)
    found = await _put_documents(candidates, matcher, readings)
    holders = await _put_bearers(candidates, matcher, readings)
    owners = {each.customer for each in found if each.customer}
    await _put_customers(candidates, matcher, readings, {*learnt, *holders, *owners})
    await _put_owed(candidates, matcher, readings)
    await _part_payers(scope, matcher)
    mine = {row.id for row in rows}
    waiting = await candidates.reserved(matcher.index.documents)
    known = dict(matcher.index.documents)
    return Desk(matcher, readings, known, [each for each in waiting if each[0][1] not in mine])


async def _know_entries(
    candidates: Candidates, matcher: Matcher, rows: Sequence[Transaction]
) -> None:
    """Whatever is told twice, word for word, may be the same money told twice."""
    twins = await candidates.twins([row for row in rows if row.occurrence > 1])
    for line in sorted(map(line_of, twins), key=place):
        matcher.keep(line, Answer(line.id, "none"))


async def _learn(scope: Scope, matcher: Matcher, readings: Sequence[Reading]) -> set[UUID]:
    """Tell the engine what the tenant's decisions have taught; return the customers."""
    accounts = {each for reading in readings for each in reading.accounts}
    names = {heard(each.payer, is_name=True).whole for each in readings if each.payer}
    lines = {str(each.line.id): each.line.id for each in readings}
    customers: set[UUID] = set()
    for fact in await LearnedRepository(scope).known({*accounts, *names, *lines}):
        if fact.document_id and fact.key in lines:
            matcher.memory.part(lines[fact.key], (), [fact.document_id])
        elif fact.customer_id:
            customers.add(fact.customer_id)
            told = [fact.key] if fact.kind == "payer_account" else []
            name = fact.key if fact.kind == "payer_name" else None
            matcher.memory.learn(told, name, (), fact.customer_id, fact.confirmations)
    return customers


async def _part_payers(scope: Scope, matcher: Matcher) -> None:
    """Tell the engine whose money was taken back from the documents that it knows."""
    for row, document in await LearnedRepository(scope).taken_back(matcher.index.documents):
        matcher.memory.part(row.id, payer_keys(read(line_of(row))), [document])


async def _put_documents(
    candidates: Candidates, matcher: Matcher, readings: Sequence[Reading]
) -> list[Document]:
    """Put what the lines name, whose open amount they have, what they return, what they collect."""
    paid = await candidates.paid(
        {(line.currency, -line.amount) for line in _lines(readings) if line.amount < 0}
    )
    amounts = Counter(each for line in _lines(readings) for each in _amounts(line))
    alike, crowds = await candidates.alike(amounts)
    for (currency, amount), ids in crowds:
        matcher.index.put_owed(currency, amount, ids)
    found = [
        *await candidates.named({key for each in readings for key in each.keys}),
        *alike,
        *await candidates.collected(
            {
                (each.line.currency, day, each.line.amount)
                for each in readings
                if matcher.may_collect(each)
                for day in days(each.line)
            }
        ),
        *(document for _, document in paid),
    ]
    for document in {each.id: each for each in reversed(found)}.values():
        matcher.put_document(document)
    for (currency, amount), document in paid:
        matcher.index.pay(currency, amount, document.id)
    return found


def _lines(readings: Iterable[Reading]) -> Iterator[Line]:
    return (each.line for each in readings)


def _amounts(line: Line) -> Iterator[Amount]:
    yield line.currency, line.amount
    if line.instructed:
        amount, currency = line.instructed
        yield currency, amount


async def _put_bearers(
    candidates: Candidates, matcher: Matcher, readings: Sequence[Reading]
) -> set[UUID]:
    """Put who bears the words of the lines; return whose number or account a line names."""
    spoken = [words for each in readings for words in _heard(each)]
    groups = [set(words.words) for words in spoken]
    wanted: set[tuple[CustomerKeyKind, str]] = {
        *(("word", word) for group in groups for word in group),
        *(("word", end) for words in spoken if words.is_name for end in ends(words.joined)),
        *(("number", key) for each in readings for key in each.keys),
        *(("account", account) for each in readings for account in each.accounts),
    }
    found: set[UUID] = set()
    for (kind, key), customers in (await candidates.holders(wanted)).items():
        if kind == "word" and not customers:
            matcher.index.put_crowd(key)
        elif kind == "word":
            matcher.index.put_bearers(key, customers)
        else:
            found.update(customers)
    await _put_crowds(candidates, matcher, groups)
    return found


def _heard(reading: Reading) -> Iterator[Heard]:
    """Return the words among which a customer's name may stand: the payer's, and the text's."""
    if reading.payer:
        yield heard(reading.payer, is_name=True)
    yield heard(reading.words, is_name=False)


async def _put_crowds(
    candidates: Candidates, matcher: Matcher, groups: Sequence[Collection[str]]
) -> None:
    """Of words that a crowd bears, put who bears a rarer one too, or else two of them."""
    index = matcher.index
    pairs: set[tuple[str, UUID]] = set()
    together: list[Collection[str]] = []
    for group in groups:
        crowded = [word for word in group if index.is_crowd(word)]
        pool = {id for word in group if word not in crowded for id in index.bearers(word)}
        if pool:
            pairs.update((word, id) for word in crowded for id in pool)
        elif len(crowded) > 1:
            together.append(crowded)
    for word, customer in (
        *await candidates.bearing(pairs),
        *await candidates.sharing(together),
    ):
        index.put_bearers(word, [customer])


async def _put_customers(
    candidates: Candidates, matcher: Matcher, readings: Sequence[Reading], known: set[UUID]
) -> None:
    """Put everybody who is compared with a payer's name."""
    index = matcher.index
    alike = {
        customer
        for each in readings
        for words in _heard(each)
        for customer in sharing(words, index)
    }
    for customer in await candidates.customers(known | alike):
        matcher.put_customer(customer)


async def _put_owed(candidates: Candidates, matcher: Matcher, readings: Sequence[Reading]) -> None:
    """Put all that the likely payers owe, and the customers of what is named."""
    index = matcher.index
    customers = {
        document.customer
        for each in readings
        for key in each.keys
        for document in (*index.named(key), *index.ordered(key))
        if document.open and document.customer
    }
    for each in readings:
        if each.line.amount > 0:
            found = payers(each, index, matcher.memory, matcher.owners(each.line))
            customers.update(found.best(MOST_PAYERS, Grade.INITIAL))
    for document in await candidates.owed(customers):
        if document.id not in index.documents:
            matcher.put_document(document)
