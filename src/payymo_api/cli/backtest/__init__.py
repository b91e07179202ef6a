"""What the engine would have done with a tenant's own past."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from payymo_api.cli.running import fail

if TYPE_CHECKING:
    from payymo_api.backtest.report import Report
    from payymo_api.backtest.tables import Choices

app = typer.Typer()
DateOrder = Literal["dmy", "mdy", "ymd"]
DecimalMark = Literal[".", ","]


@app.command()
def backtest(  # noqa: PLR0913  each is an option of the command
    folder: Annotated[
        Path | None,
        typer.Argument(exists=True, file_okay=False, metavar="DIR", help="Statements, invoices …"),
    ] = None,
    *,
    html: Annotated[Path | None, typer.Option(help="Write the report as a page here.")] = None,
    data: Annotated[Path | None, typer.Option("--json", help="Write it as JSON here.")] = None,
    currency: Annotated[str | None, typer.Option(help="Where no file names one: EUR.")] = None,
    date_order: Annotated[
        DateOrder | None, typer.Option(help="Where dates can be read twofold.")
    ] = None,
    decimal: Annotated[
        DecimalMark | None, typer.Option(help="What stands before the cents.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Your own, where no statement says it.")] = None,
    stream: Annotated[
        bool, typer.Option("--stream", help="Decide JSON Lines of stdin on stdout instead.")
    ] = False,
) -> None:
    """Show what would have been posted, proposed and left alone of the past that is in DIR."""
    if stream:
        from payymo_api.cli.backtest.stream import run

        run()
        return
    if folder is None:
        fail("DIR: say which folder holds the statements and invoices, or --stream")
    _show(_report(folder, _choices(currency, date_order, decimal), name), html, data)


def _choices(
    currency: str | None, date_order: DateOrder | None, decimal: DecimalMark | None
) -> "Choices":
    from payymo_api.backtest.tables import Choices
    from payymo_api.core.money import CURRENCIES

    if currency and currency.upper() not in CURRENCIES:
        fail(f"--currency: {currency!r} is not an ISO 4217 currency")
    return Choices(currency and currency.upper(), date_order, decimal)


def _report(folder: Path, choices: "Choices", name: str | None) -> "Report":
    from payymo_api.backtest.errors import Unusable
    from payymo_api.backtest.folder import read_folder
    from payymo_api.backtest.replay import replay
    from payymo_api.backtest.report import report
    from payymo_api.reconciliation.rules.matcher import Matcher

    try:
        past = read_folder(folder, choices)
    except Unusable as error:
        fail(str(error))
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}")
    own_names = past.own_names | ({name} if name else set())
    engine = Matcher(own_accounts=past.own_accounts, own_names=sorted(own_names))
    return report(past, replay(past, engine))


def _show(report: "Report", html: Path | None, data: Path | None) -> None:
    from payymo_api.backtest.details import as_data
    from payymo_api.backtest.page import as_html
    from payymo_api.backtest.terminal import as_text

    if html:
        _write(html, as_html(report))
    if data:
        _write(data, json.dumps(as_data(report), ensure_ascii=False))
    typer.echo(as_text(report), nl=False)


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        fail(f"{file}: {error.strerror}")
