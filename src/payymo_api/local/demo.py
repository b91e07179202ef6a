"""`payymo demo`: the main job from end to end, with progress, and what came of it."""

import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.tree import Tree

from payymo_api.core.money import Money
from payymo_api.local.receiver import Receiver
from payymo_api.local.results import Story, StripeStory
from payymo_api.local.stack import running_stack
from payymo_api.local.story import MainJob, Wishes


def demo(folder: Path, *, as_json: bool) -> None:
    """Run the story and leave nothing running. CannotStart if a step does not hold."""
    console = Console(highlight=False, stderr=as_json)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=False) as progress:
        task = progress.add_task("Starting")

        def step(text: str) -> None:
            nonlocal task
            progress.update(task, total=1, completed=1)
            task = progress.add_task(text, total=None)

        started = time.monotonic()
        with running_stack(folder, step=step) as stack:
            with Receiver() as receiver:
                story = MainJob(stack, receiver, step, Wishes(stripe=True)).play()
            step("Stopping")
        story.seconds = round(time.monotonic() - started, 1)
        progress.update(task, total=1, completed=1)
    if as_json:
        print(json.dumps(asdict(story)))  # noqa: T201  the output that was asked for
        return
    console.print(_table(story))
    if story.stripe:
        console.print(_trace(story.stripe.trace))


def _table(story: Story) -> Table:
    table = Table(title="The main job, end to end", show_header=False)
    table.add_row("Bank connected", f"{story.bank}, {story.accounts} accounts")
    table.add_row("Transactions synced", str(story.transactions_synced))
    table.add_row("Transactions imported", f"{story.transactions_imported} (CAMT.053 statement)")
    table.add_row("Invoices", f"{story.invoices} of {story.customers} customers")
    table.add_row(
        "Matched",
        f"{story.matched} bank lines, one a payment that came back; {story.invoices_paid} invoices",
    )
    if story.stripe:
        _add_stripe(table, story.stripe)
    table.add_row("Webhooks delivered", str(story.webhooks_delivered))
    table.add_row(
        "Signatures verified", f"{story.signatures_verified}, {story.signatures_refused} refused"
    )
    table.add_row("Time", f"{story.seconds} s")
    return table


def _add_stripe(table: Table, story: StripeStory) -> None:
    table.add_row("Stripe connected", story.account)
    table.add_row("Paid by card", f"{story.payments}, {story.authenticated} by 3-D Secure")
    table.add_row("Declined", story.declined)
    table.add_row("Refunded", _money(story.refunded_minor))
    table.add_row("Disputed", _money(story.disputed_minor))
    table.add_row("Paid out and matched", _money(story.payout_minor))


def _trace(trace: dict[str, Any]) -> Tree:
    """The bank line, the payout, what it is made of, and the invoices that it pays."""
    line = trace["transaction"]
    tree = Tree(f"Bank line of {line['booked_on']}: {_money(line['amount_minor'])}")
    payments = {each["payment_id"]: each for each in trace["payments"]}
    for payout in trace["payouts"]:
        brought = f"Payout {payout['stripe_id']}: {_money(payout['amount_minor'])}"
        branch = tree.add(f"{brought}, {payout['reconciliation_status']}")
        for part in trace["data"]:
            if part["payout_id"] == payout["payout_id"]:
                _add_part(branch, part, payments.get(part["payment_id"]))
    return tree


def _add_part(branch: Tree, part: dict[str, Any], payment: dict[str, Any] | None) -> None:
    """A charge has the invoices below it; a refund or a dispute is about one of those."""
    sums = f"{_money(part['amount_minor'])} less {_money(part['fee_minor'])} of fees"
    leaf = branch.add(f"{part['reporting_category']}: {sums}")
    if payment and part["type"] == "charge":
        for invoice in payment["invoices"]:
            leaf.add(f"{invoice['number']}: {_money(invoice['amount_minor'])}")


def _money(minor: int) -> str:
    """Everything in this story is in pounds."""
    return f"{Money(minor, 'GBP')} GBP"
