"""`payymo demo` as a stranger runs it: one command, from an empty folder."""

import json
import subprocess
import sys
from typing import Any

import pytest

from payymo_api.local.home import discard


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("demo") / "payymo"
    command = [sys.executable, "-m", "payymo_api", "demo", "--folder", str(folder), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  our own program
    discard(folder)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_the_demo_takes_bank_lines_to_paid_invoices(story: dict[str, Any]) -> None:
    assert (story["invoices"], story["matched"], story["invoices_paid"]) == (7, 7, 5)
    assert story["webhooks_delivered"] == story["signatures_verified"] > story["matched"]
    assert story["signatures_refused"] == 0


def test_the_demo_takes_payments_by_stripe(story: dict[str, Any]) -> None:
    stripe = story["stripe"]
    assert (stripe["payments"], stripe["authenticated"]) == (3, 1)
    assert stripe["declined"].startswith("The balance or limit does not cover the payment.")
    assert (stripe["refunded_minor"], stripe["disputed_minor"]) == (2000, 4500)


def test_the_demo_traces_the_payout_from_its_bank_line_to_the_invoices(
    story: dict[str, Any],
) -> None:
    trace, amount = story["stripe"]["trace"], story["stripe"]["payout_minor"]
    [payout], line = trace["payouts"], trace["transaction"]
    assert (line["amount_minor"], line["settled_minor"]) == (amount, amount)
    assert (payout["amount_minor"], payout["reconciliation_status"]) == (amount, "complete")
    assert sum(part["net_minor"] for part in trace["data"]) == amount
    paid = {
        invoice["number"]: invoice["amount_minor"]
        for payment in trace["payments"]
        for invoice in payment["invoices"]
    }
    assert paid == {"INV-2026-0301": 24000, "INV-2026-0303": 4000, "INV-2026-0304": 4500}
