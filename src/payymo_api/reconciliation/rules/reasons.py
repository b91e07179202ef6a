"""Evidence in words for a bookkeeper."""

from collections.abc import Iterator, Sequence

from payymo_api.core.money import decimal_text
from payymo_api.reconciliation.rules.closing import Fit
from payymo_api.reconciliation.rules.index import Index
from payymo_api.reconciliation.rules.marks import Marks
from payymo_api.reconciliation.rules.payer import Grade
from payymo_api.reconciliation.rules.scene import Hypothesis
from payymo_api.reconciliation.rules.values import Evidence

_MOST_NUMBERS = 5
_REFERENCE = {
    "REFERENCE": "The text holds the creditor reference of {numbers}.",
    "WHOLE": "The text names {numbers}.",
    "DIGITS": "The text names {numbers} by its digits.",
    "NEAR": "The text names {numbers} with one slip.",
    "TAIL": "The text ends like {numbers}: its last digits stand there.",
    "CUT": "The text holds the beginning of {numbers}, as where a text was cut.",
    "ORDER": "The text names the order of {numbers}.",
    "ALL": "The text names every one of {numbers}.",
    "LISTED": "The text lists {numbers}, the first whole, the others by their last digits.",
    "ALL_NEAR": "The text names {numbers}, not all of them whole.",
    "SOME": "The text names some of {numbers}.",
}
_PAYER = {
    Grade.CONFIRMED: "Money from this account was confirmed to be {customer}'s before.",
    Grade.ACCOUNT: "The account is {customer}'s, as your records say.",
    Grade.NUMBER: "The text names the customer number of {customer}.",
    Grade.ALIAS: "A payer of this name was confirmed to pay for {customer} before.",
    Grade.SAME: "The payer's name is {customer}'s.",
    Grade.WHOLE: "The payer's name is {customer}'s but for the legal form.",
    Grade.WITHIN: "The payer's name holds the whole name of {customer}, and more.",
    Grade.NEAR: "The payer's name is nearly {customer}'s.",
    Grade.HEARD: "The text holds the name of {customer}.",
    Grade.INITIAL: "The payer's name may be that of {customer}.",
    Grade.SHARED: "The payer's name shares words with {customer}'s.",
}
_FIT = {
    Fit.EXACT: "The amount is exactly what is open.",
    Fit.DISCOUNT: "The amount is what is open, less the early-payment discount of {rest}.",
    Fit.FEE: "{rest} is missing, as when a bank keeps its fee.",
    Fit.ROUNDING: "The amount is what is open, rounded.",
    Fit.PART: "The amount is a part of what is open.",
    Fit.OVER: "The amount is more than what is open; the rest is kept as the customer's credit.",
    Fit.INSTRUCTED: "The payer ordered exactly what is open, in the document's currency.",
    Fit.RATE: "At the day's exchange rate it is about what is open.",
    Fit.FOREIGN: "It is in another currency; how much of it is paid is not known.",
    Fit.RETURN: "As much money came before, or is to be paid back.",
}


def evidence(each: Hypothesis, marks: Marks, index: Index) -> tuple[Evidence, ...]:
    """Return what speaks for it, the strongest kind first, then what speaks against."""
    return (*_for(each, marks, index), *_against(marks))


def _for(each: Hypothesis, marks: Marks, index: Index) -> Iterator[Evidence]:
    if marks.reference != "NONE":
        text = _REFERENCE[marks.reference].format(numbers=numbers(each))
        yield Evidence("reference", text)
    customer = index.customers.get(each.customer) if each.customer else None
    if customer and marks.grade in _PAYER:
        yield Evidence("payer", _PAYER[marks.grade].format(customer=customer.names[0]))
    yield Evidence("amount", _amount(each, marks))
    if marks.place == "oldest":
        yield Evidence("oldest", "It is the oldest of several that the amount fits.")
    if marks.hint == "this":
        yield Evidence("day", "The text names its date or month.")
    if marks.balance:
        yield Evidence("balance", "It is all that the customer owes.")


def _amount(each: Hypothesis, marks: Marks) -> str:
    if marks.several:
        credit = ", credit notes taken off" if marks.credit else ""
        return f"What is open of the {marks.size} documents adds up to the amount{credit}."
    rest = decimal_text(each.how.write_off, each.documents[0].currency)
    return _FIT[each.how.fit].format(rest=f"{rest} {each.documents[0].currency}")


def _against(marks: Marks) -> Iterator[Evidence]:
    if marks.better_payers:
        yield Evidence("other_payer", "More speaks for another customer as the payer.")
    elif marks.equal_payers and marks.grade > Grade.SHARED:
        yield Evidence("equal_payer", "As much speaks for another customer as the payer.")
    if marks.reserved:
        yield Evidence("reserved", "It is proposed for another line already.")
    if marks.names_other:
        yield Evidence("other_number", "The text names another open document too.")
    if marks.hint == "other":
        yield Evidence("other_day", "The text names another date or month.")
    if marks.grade is Grade.STRANGER:
        yield Evidence("stranger", "Who paid is not known as this customer.")


def numbers(each: Hypothesis) -> str:
    """Return the documents' numbers, some of them where there are many."""
    known = [document.number for document in each.documents]
    more = len(known) - _MOST_NUMBERS
    return ", ".join(known[:_MOST_NUMBERS]) + (f" and {more} more" if more > 0 else "")


def runner_up(first: Marks, second: Marks | None, name: str) -> str:
    """Return why the second answer lost."""
    if second is None:
        return "Nothing else comes close."
    why = next(_lost(first, second), "less speaks for it in all")
    return f"{name} lost: {why}."


def _lost(first: Marks, second: Marks) -> Iterator[str]:
    order = ("none", "cut", "middle", "strong")
    if order.index(second.strength) < order.index(first.strength):
        yield "the text names it less clearly"
    if second.grade < first.grade:
        yield "less speaks for its customer as the payer"
    if second.fit is not first.fit and first.fit is Fit.EXACT:
        yield "the amount fits it less well"
    if second.place in {"later", "first_due"} and first.place in {"oldest", "first_issued"}:
        yield "it is younger, and the text names none of them"
    if second.hint == "other" and first.hint == "this":
        yield "the text names another date or month"
    if second.size > first.size:
        yield "it takes more documents"
    if second.reserved and not first.reserved:
        yield "it is proposed for another line"


def to_post(marks: Marks) -> str:
    """Return what would have let it be posted."""
    if marks.strength != "strong":
        return "The whole number of the document in the text would post it."
    return "A confirmation that this payer pays for the customer would post its like."


def to_unpost(seconds: Sequence[str]) -> str:
    """Return what would have kept it from being posted."""
    other = seconds[0] if seconds else "another document"
    return f"A text that names {other} instead would have changed it."
