"""The report as one HTML page that asks for nothing else: no script, no font, no image."""

from collections.abc import Iterator
from html import escape
from pathlib import Path

from payymo_api.backtest import plots, sentences
from payymo_api.backtest.details import Detail, Offer, Part, Teller
from payymo_api.backtest.report import VERDICTS, Report

_STYLE = Path(__file__).with_name("page.css").read_text(encoding="utf-8")
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_CLASSES = {name: verdict for verdict, name in VERDICTS}
_REASONS = 8
_ALL_BUT_SURE = 0.9995


def as_html(report: Report) -> str:
    """Whatever the bank or the billing system wrote is escaped."""
    return "\n".join(
        (
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            f"<title>Payymo backtest</title><style>{_STYLE}</style></head><body>",
            f"<h1>Payymo backtest</h1><p>{escape(sentences.title(report))}.</p>",
            *_summary(report),
            *_plots(report),
            *_lines(report),
            *_files(report),
            "</body></html>\n",
        )
    )


def _summary(report: Report) -> Iterator[str]:
    total = len(report.decisions) or 1
    yield '<section class="figures">'
    for group in report.groups:
        yield (
            f'<div class="figure {group.verdict}"><b>{group.lines:,}</b> {group.name}'
            f"<small>{100 * group.lines / total:.1f} % of the lines</small></div>"
        )
    yield "</section><h2>Against the known past</h2>"
    yield f"<ul>{''.join(f'<li>{escape(each)}</li>' for each in sentences.judged(report))}</ul>"
    for warning in report.past.warnings:
        yield f'<p class="warning">{escape(warning)}</p>'


def _plots(report: Report) -> Iterator[str]:
    yield '<section class="plots">'
    yield _figure("Decisions per month", plots.months(report.months))
    for currency in sorted({code for group in report.groups for code in group.money}):
        caption = f"Money in and out, {currency}"
        money = [(each, each.money.get(currency, 0)) for each in report.groups]
        rows = [
            (group.name, minor, sentences.amount(minor, currency), group.verdict)
            for group, minor in money
        ]
        yield _figure(caption, plots.bars(caption, rows))
    if report.calibration:
        yield _figure("How often a probability came true", plots.calibration(report.calibration))
    for verdict, name in VERDICTS:
        caption = f"Why {name}"
        found = report.reasons.get(verdict, ())[:_REASONS]
        if found:
            rows = [(reason, count, f"{count:,}", verdict) for reason, count in found]
            yield _figure(caption, plots.bars(caption, rows))
    yield "</section>"


def _figure(caption: str, plot: str) -> str:
    return f"<figure><figcaption>{escape(caption)}</figcaption>{plot}</figure>"


def _lines(report: Report) -> Iterator[str]:
    yield "<h2>Every line</h2>"
    for detail in Teller(report).details():
        yield "".join(_detail(detail))


def _detail(detail: Detail) -> Iterator[str]:
    wrong = " wrong" if detail.right is False and detail.decision == "posted" else ""
    yield f'<details class="{_CLASSES[detail.decision]}{wrong}"><summary>'
    yield f"<time>{detail.date}</time> <b>{detail.amount} {escape(detail.currency)}</b> "
    yield f'<span class="who">{escape(detail.counterparty or "")}</span> '
    yield f'<span class="verdict">{detail.decision}{_verdict(detail)}</span></summary>'
    for text in detail.texts:
        yield f'<p class="text">{escape(text)}</p>'
    for place, offer in enumerate(detail.offers):
        yield from _offer(offer, "Answer" if place == 0 else f"Runner-up {place}")
    why = "Against the runner-up" if detail.decision == "posted" else "Why not posted"
    for name, said in ((why, detail.because), ("What would change it", detail.to_change)):
        if said:
            yield f"<p><i>{name}:</i> {escape(said)}</p>"
    if detail.known is not None:
        yield f"<p><i>The past says:</i> {escape(', '.join(detail.known) or 'belongs nowhere')}</p>"
    yield "</details>"


def _verdict(detail: Detail) -> str:
    if detail.right is None:
        return ""
    first = ", its first answer is" if detail.decision == "proposed" else ","
    return f"{first} {'right' if detail.right else 'wrong'}"


def _offer(offer: Offer, name: str) -> Iterator[str]:
    parts = "; ".join(_part(each) for each in offer.parts)
    yield f"<p><i>{name}, {_percent(offer.probability)}:</i> {escape(parts)}</p>"
    if offer.evidence:
        yield f"<ul>{''.join(f'<li>{escape(each)}</li>' for each in offer.evidence)}</ul>"


def _percent(probability: float) -> str:
    """Nothing is quite certain: what would be rounded to 100 % is said to be over 99.9 %."""
    return "over 99.9 %" if probability >= _ALL_BUT_SURE else f"{100 * probability:.1f} %"


def _part(part: Part) -> str:
    written_off = (
        f", {part.write_off} written off ({part.write_off_reason})" if part.write_off else ""
    )
    return f"{part.type} {part.number}: {part.amount} {part.currency}{written_off}"


def _files(report: Report) -> Iterator[str]:
    yield "<h2>Files</h2><ul>"
    for file in report.past.files:
        rows = "" if file.kind == "not read" else f", {sentences.counted(file.rows, 'row')}"
        yield f"<li>{escape(file.name)}: {file.kind}{rows}"
        yield f"<small>{escape(sentences.columns(file))}</small>"
        for warning in file.warnings:
            yield f'<small class="warning">{escape(warning)}</small>'
        yield "</li>"
    yield "</ul>"
