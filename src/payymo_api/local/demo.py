"""`payymo demo`: the main job from end to end, with progress, and a table of what came of it."""

import json
import time
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from payymo_api.local.receiver import Receiver
from payymo_api.local.stack import running_stack
from payymo_api.local.story import MainJob, Story


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
                story = MainJob(stack, receiver, step).play()
            step("Stopping")
        story.seconds = round(time.monotonic() - started, 1)
        progress.update(task, total=1, completed=1)
    print(json.dumps(asdict(story))) if as_json else console.print(_table(story))  # noqa: T201


def _table(story: Story) -> Table:
    table = Table(title="The main job, end to end", show_header=False)
    table.add_row("Bank connected", f"{story.bank}, {story.accounts} accounts")
    table.add_row("Transactions synced", str(story.transactions_synced))
    table.add_row("Transactions imported", f"{story.transactions_imported} (CAMT.053 statement)")
    table.add_row("Invoices", f"{story.invoices} of {story.customers} customers")
    table.add_row("Matched", f"{story.matched} payments, {story.invoices_paid} invoices paid")
    table.add_row("Webhooks delivered", str(story.webhooks_delivered))
    table.add_row(
        "Signatures verified", f"{story.signatures_verified}, {story.signatures_refused} refused"
    )
    table.add_row("Time", f"{story.seconds} s")
    return table
