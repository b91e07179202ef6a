"""Payouts at the engine's door."""

from dataclasses import replace

import pytest

from payymo_api.reconciliation.rules.values import Payout, Policy, Share
from tests.reconciliation.rules.books import line, matcher, name, on, posted, shares

PAYOUT = Payout(name("payout"), 97540, "EUR", on(20), trace_id="HVTR007155QD")
BROUGHT = line(97540, "STRIPE 88XH")


def test_a_line_of_stripe_brings_the_payout() -> None:
    answer = matcher(PAYOUT).decide(BROUGHT)

    assert posted(answer) == {PAYOUT.id}
    assert shares(answer) == (Share("payout", PAYOUT.id, 97540, 97540),)
    assert answer.proposals[0].evidence


@pytest.mark.parametrize("policy", [Policy(automatic=False), Policy(least_probability=0.9999)])
def test_a_tenant_s_settings_hold_for_payouts_too(policy: Policy) -> None:
    answer = matcher(PAYOUT, policy=policy).decide(BROUGHT)

    assert answer.verdict == "propose"
    assert answer.because


def test_payouts_of_one_day_and_amount_are_told_apart_by_trace_id_only() -> None:
    other = replace(PAYOUT, id=name("other"), trace_id="KKQR810001AA")
    books = matcher(PAYOUT, other)

    unclear = books.decide(BROUGHT)
    assert (unclear.verdict, len(unclear.proposals)) == ("propose", 2)
    assert posted(books.decide(line(97540, "STRIPE kkqr 8100 01aa"))) == {other.id}


def test_a_payout_comes_once() -> None:
    books = matcher(PAYOUT)
    books.settle(BROUGHT, shares(books.decide(BROUGHT)), by_user=False)
    again = line(97540, "STRIPE 88XH", day=21)

    assert books.decide(again).verdict == "none"
    books.unsettle(BROUGHT.id)
    assert posted(books.decide(again)) == {PAYOUT.id}


def test_a_failed_payout_goes_back() -> None:
    books = matcher(PAYOUT)
    books.settle(BROUGHT, shares(books.decide(BROUGHT)), by_user=False)
    books.put_payout(replace(PAYOUT, settled=97540, failed=True))
    back = line(-97540, "STRIPE RETURN", day=23)

    answer = books.decide(back)

    assert posted(answer) == {PAYOUT.id}
    books.settle(back, shares(answer), by_user=False)
    assert books.index.payouts[PAYOUT.id].settled == 0


def test_a_negative_payout_is_money_out() -> None:
    taken = replace(PAYOUT, amount=-2500)

    assert posted(matcher(taken).decide(line(-2500, "STRIPE"))) == {taken.id}
    assert matcher(taken).decide(line(2500, "STRIPE")).verdict == "none"
