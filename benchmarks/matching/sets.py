"""Orders that pay several documents at once, and the tenant's own collections."""

from collections import Counter, defaultdict
from datetime import date, timedelta

from benchmarks.matching import wording
from benchmarks.matching.book import MOST_IN_A_SET
from benchmarks.matching.chance import happens, one_of, weighted
from benchmarks.matching.people import LANGUAGES, written
from benchmarks.matching.tenant import Tenant
from benchmarks.matching.values import Customer, Document, Draft, Evidence, Part, Payer


def multi_ref(tenant: Tenant, day: date) -> Draft | None:
    """Several invoices, each named, or their common beginning only once."""
    chosen = _several(tenant, day)
    if not chosen:
        return None
    chosen.sort(key=lambda document: document.number)
    numbers, reference = wording.several(tenant.rng, [each.number for each in chosen])
    purpose = wording.with_number(tenant.rng, chosen[0], tenant.country, numbers)
    return _paying("multi_ref", tenant, chosen, purpose, reference)


def multi_noref(tenant: Tenant, day: date) -> Draft | None:
    chosen = _several(tenant, day)
    if not chosen:
        return None
    purpose, reference = wording.without_number(tenant.rng, chosen[0], tenant.country)
    return _paying("multi_noref", tenant, chosen, purpose, reference)


def statement(tenant: Tenant, day: date) -> Draft | None:
    """All that the customer owes."""
    owing = [who for who in _owing(tenant, day) if 3 <= len(who) <= MOST_IN_A_SET]  # noqa: PLR2004  fewer is no statement
    if not owing:
        return None
    chosen = tenant.book.of(tenant.rng.choice(owing)[0].customer, day, tenant.currency)
    if any(document.signed < 0 for document in chosen):
        return None
    spoken = wording.language(tenant.rng, chosen[0].customer, tenant.country)
    purpose = wording.say(tenant.rng, spoken, "statement", day)
    return _paying("statement", tenant, chosen, purpose, "none")


def creditnote_net(tenant: Tenant, day: date) -> Draft | None:
    """An invoice less a credit note, which is named too, or not."""
    rng = tenant.rng
    notes = [d for d in tenant.book.open.values() if d.signed < 0 and d.issued < day]
    if not notes:
        return None
    note = rng.choice(notes)
    owed = tenant.book.of(note.customer, day, tenant.currency)
    larger = [d for d in owed if d.signed > 0 and d.open == d.amount and d.open > note.open]
    if not larger:
        return None
    document = larger[0]
    spoken = wording.language(rng, note.customer, tenant.country)
    purpose = (
        wording.say(rng, spoken, "credit", day, n=document.number, k=note.number)
        if happens(rng, 0.75)
        else wording.with_number(rng, document, tenant.country)
    )
    return _paying("creditnote_net", tenant, [document, note], purpose, "full")


def dd_batch(tenant: Tenant, day: date) -> Draft | None:
    """What the tenant drew from its customers that day, in one sum."""
    drawn = [
        document
        for document in tenant.book.open.values()
        if document.collection == day and document.open == document.amount
    ]
    if not drawn:
        return None
    purpose = wording.say(tenant.rng, LANGUAGES[tenant.country], "dd", day, t=len(drawn))
    return Draft(
        case="dd_batch",
        amount=sum(each.open for each in drawn),
        currency=tenant.currency,
        purpose=purpose,
        payer=Payer(tenant.name, tenant.accounts[0]) if happens(tenant.rng, 0.6) else None,
        evidence=Evidence("none", "own", "sum"),
        parts=[Part("invoice", "batch", d.id, d.open, d.open, d) for d in drawn],
    )


def _paying(
    case: str, tenant: Tenant, chosen: list[Document], purpose: str, reference: str
) -> Draft:
    who = chosen[0].customer
    name, evidence = written(tenant.rng, who)
    return Draft(
        case=case,
        amount=sum(each.signed * each.open for each in chosen),
        currency=tenant.currency,
        purpose=purpose,
        payer=Payer(name, who.payer.iban),
        evidence=Evidence(reference, evidence, "sum"),
        parts=[_part(each) for each in chosen],
        customer=who,
    )


def _part(document: Document) -> Part:
    kind = "payment" if document.signed > 0 else "netting"
    return Part(
        document.kind, kind, document.id, document.signed * document.open, document.open, document
    )


def _several(tenant: Tenant, day: date) -> list[Document] | None:
    """Choose invoices of one customer, rather such as are not followed by their like."""
    rng = tenant.rng
    owing = [documents for documents in _owing(tenant, day) if len(documents) > 1]
    if not owing:
        return None
    documents = rng.choice(owing)
    count = weighted(rng, {2: 60, 3: 22, 4: 10, 5: 4, 6: 2, 8: 1})
    alike = Counter(document.open for document in documents)
    single = [document for document in documents if alike[document.open] == 1]
    if len(single) > 1 and happens(rng, 0.8):
        documents = single
    return rng.sample(documents, min(count, len(documents)))


def _owing(tenant: Tenant, day: date) -> list[list[Document]]:
    """Return what customers mean to pay about now, each's the oldest due first."""
    found: dict[Customer, list[Document]] = defaultdict(list)
    soon = day + timedelta(one_of(tenant.rng, 0, 5, 10, 20))
    for document in tenant.book.open.values():
        if (
            document.signed > 0
            and document.method == "bank_transfer"
            and document.currency == tenant.currency
            and document.open == document.amount
            and document.issued < day
            and document.expected <= soon
        ):
            found[document.customer].append(document)
    return [sorted(each, key=lambda d: (d.due, d.id)) for each in found.values()]
