"""The evidence for and against each hypothesis, as named features."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from payymo_api.reconciliation.rules.closing import Fit
from payymo_api.reconciliation.rules.hypotheses import Hypothesis, Scene, age, listed
from payymo_api.reconciliation.rules.index import Index
from payymo_api.reconciliation.rules.numbering import Named, another, damaged
from payymo_api.reconciliation.rules.payer import Grade
from payymo_api.reconciliation.rules.reading import says_date
from payymo_api.reconciliation.rules.values import Document

_LONG_OVERDUE = 60
_EARLY = 21


def describe(scene: Scene, found: Sequence[Hypothesis], index: Index) -> None:
    """Write to each hypothesis what speaks for and against it."""
    names = {
        document.id: scene.named.get(document.id) or damaged(scene.reading, document)
        for each in found
        for document in each.documents
    }
    for each in found:
        each.features = [*_features(each, scene, names, found, index)]
        each.doubt = _doubt(each, scene)


def _doubt(each: Hypothesis, scene: Scene) -> str | None:
    """Return what forbids to post it unseen, however likely it seems."""
    marks = {feature.split(":")[0]: feature.split(":")[1:] for feature in each.features}
    reference, grade = marks["ref"][0], scene.payers.grade(each.customer)
    if strength(reference) == "strong":
        return None
    if strength(reference) in {"none", "cut"} and grade <= Grade.SHARED:
        return "Nothing but the amount speaks for it."
    if "names_another" in marks or (
        scene.paid and strength(reference) != "middle"
    ):
        return "The text names another number."
    if marks.get("alike", [""])[0] in {"later", "first_due", "first_issued"} and marks["alike"][2] != "this":
        return "An older document has the same amount."
    return None


def _features(
    each: Hypothesis,
    scene: Scene,
    names: dict[UUID, Named | None],
    found: Sequence[Hypothesis],
    index: Index,
) -> Iterable[str]:
    reference = _reference(each, scene, names)
    grade = scene.payers.grade(each.customer)
    better, equal = scene.payers.rivals(each.customer)
    fit = each.how.fit.value
    size = "one" if len(each.documents) == 1 else "many"
    yield f"ref:{reference}"
    yield f"payer:{grade.name}"
    yield f"fit:{size}:{fit}"
    yield f"ref+payer:{reference}:{payer_class(grade)}"
    yield f"ref+fit:{strength(reference)}:{size}:{fit}"
    yield f"payer+fit:{payer_class(grade)}:{size}:{fit}"
    if better:
        yield f"payer_better:{strength(reference)}:{min(better, 2)}"
    if equal and grade > Grade.SHARED:
        yield f"payer_equal:{strength(reference)}:{min(equal, 2)}"
    if grade == Grade.STRANGER:
        yield f"payer_named:{scene.payers.named}:{strength(reference)}"
    mine = {document.id for document in each.documents}
    if mine & scene.reserved:
        yield f"reserved:{strength(reference)}"
    if any(how >= Named.DIGITS and id not in mine for id, how in scene.named.items()):
        yield f"names_other:{strength(reference)}"
    if strength(reference) != "strong" and another(scene.reading, each.documents):
        yield f"names_another:{strength(reference)}"
    if len(each.documents) > 1:
        if strength(reference) != "strong":
            yield f"ways:{strength(reference)}:{_ways(each, found)}"
        yield f"size:{min(len(each.documents), 6)}"
        if each.balance:
            yield "balance"
        if any(document.kind == "credit_note" for document in each.documents):
            yield f"credit:{strength(reference)}"
    else:
        yield from _single(each.documents[0], each, scene, found, index, reference)


def _ways(each: Hypothesis, found: Sequence[Hypothesis]) -> str:
    """Return how many other sets have the sum; of sets of equal amounts, the oldest counts."""
    twins = [other for other in found if _amounts(other) == _amounts(each)]
    others = sum(len(other.documents) > 1 and other.customer == each.customer for other in found)
    if len(twins) == others:
        oldest = min(twins, key=_ages)
        return "1" if others == 1 else "oldest" if each is oldest else "later"
    return str(min(others - len(twins) + 1, 3))


def _amounts(each: Hypothesis) -> tuple[object, ...]:
    return (each.customer, *sorted((document.kind, document.open) for document in each.documents))


def _ages(each: Hypothesis) -> list[tuple[object, ...]]:
    return sorted(_age(document) for document in each.documents)


def _single(
    document: Document,
    each: Hypothesis,
    scene: Scene,
    found: Sequence[Hypothesis],
    index: Index,
    reference: str,
) -> Iterable[str]:
    weak = strength(reference) != "strong"
    alike = [
        other.documents[0]
        for other in found
        if len(other.documents) == 1
        and other.customer == document.customer
        and other.how.fit == each.how.fit
        and other.documents[0].id not in scene.reserved
    ]
    hint = _hint(document, scene)
    if weak and len(alike) > 1 and document in alike:
        fit = "exact" if each.how.fit is Fit.EXACT else "other"
        yield f"alike:{_place(document, alike)}:{strength(reference)}:{hint}:{fit}"
    if weak and each.how.fit is Fit.EXACT:
        crowd = len(index.owed(scene.line.currency, scene.line.amount))
        yield f"crowd:{payer_class(scene.payers.grade(document.customer))}:{_bucket(crowd)}"
    if hint != "no":
        yield f"day:{hint}"
    if document.id in scene.ordered:
        yield "order"
    late = (scene.line.booked_on - (document.due_on or document.issued_on)).days
    if weak and len(alike) < 2:
        yield "late:" + ("long" if late > _LONG_OVERDUE else "early" if late < -_EARLY else "normal")


def _hint(document: Document, scene: Scene) -> str:
    """Return whether a day or month that the text names is the document's."""
    reading = scene.reading
    if says_date(reading, document.issued_on) or document.issued_on.month in reading.months:
        return "this"
    return "other" if reading.dates or reading.months else "no"


def _place(document: Document, alike: Sequence[Document]) -> str:
    """Return where it stands among documents of one amount: the first, or not."""
    first_issued = document == min(alike, key=_age)
    first_due = document == min(alike, key=_falls_due)
    if first_issued:
        return "oldest" if first_due else "first_issued"
    return "first_due" if first_due else "later"


def _falls_due(document: Document) -> tuple[object, ...]:
    return (document.due_on or document.issued_on, *_age(document))


def _age(document: Document) -> tuple[object, ...]:
    return (*age(document), document.number, document.id)


def _reference(each: Hypothesis, scene: Scene, names: dict[UUID, Named | None]) -> str:
    """Return how the text names the documents: the weakest of all, or that some are missing."""
    levels = [names[document.id] for document in each.documents]
    if len(levels) == 1:
        level = levels[0]
        if level is None and each.documents[0].id in scene.ordered:
            return "ORDER"
        return level.name if level else "NONE"
    heads = [
        document for document in each.documents if (scene.named.get(document.id) or 0) >= Named.DIGITS
    ]
    rest = [document for document in each.documents if document not in heads]
    if not heads:
        return "NONE" if None in levels or min(level or 0 for level in levels) < Named.NEAR else "ALL_NEAR"
    if not rest:
        return "ALL"
    if len(listed(scene.reading, rest, heads)) == len(rest):
        return "LISTED"
    if all(names[document.id] for document in rest):
        return "ALL_NEAR"
    return "SOME"


_STRONG = {"REFERENCE", "WHOLE", "DIGITS", "ALL", "LISTED"}
_MIDDLE = {"NEAR", "TAIL", "ORDER", "ALL_NEAR", "SOME"}


def strength(reference: str) -> str:
    if reference in _STRONG:
        return "strong"
    return "middle" if reference in _MIDDLE else "cut" if reference == "CUT" else "none"


def payer_class(grade: Grade) -> str:
    if grade >= Grade.ALIAS:
        return "known"
    if grade >= Grade.WHOLE:
        return "whole"
    if grade >= Grade.HEARD:
        return "near"
    return "weak" if grade > Grade.STRANGER else "stranger"


def _bucket(count: int) -> str:
    return "1" if count <= 1 else "3" if count <= 3 else "10" if count <= 10 else "many"


def describe_none(scene: Scene, strangeness: float) -> list[str]:
    """Return what speaks for the line belonging nowhere."""
    payers = scene.payers
    best = max(payers.grades.values(), default=Grade.STRANGER)
    features = [f"none:payer:{best.name}:{payers.named}"]
    if payers.elsewhere:
        features.append(f"none:elsewhere:{min(payers.elsewhere, 3)}")
    if any(document.amount == scene.line.amount for document in scene.paid):
        features.append("none:paid_again")
    elif scene.paid:
        features.append("none:names_paid")
    if any(id in scene.reserved and how >= Named.DIGITS for id, how in scene.named.items()):
        features.append("none:names_reserved")
    features.append(f"none:words:{round(strangeness)}")
    return features
