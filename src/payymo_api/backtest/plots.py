"""Plots as inline SVG: as wide as a phone, coloured by the page's classes."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from textwrap import shorten

from payymo_api.backtest.report import VERDICTS, Bin
from payymo_api.reconciliation.rules.values import Verdict

_WIDTH = 400
_LEFT = 44
_LABELS = 8
"""Months that are named below the bars, at the most."""


_LETTERS = 50
"""As many as fit beside a number."""


def months(counts: Mapping[str, Mapping[Verdict, int]]) -> str:
    """Return a stacked bar for each month."""
    floor, tall = 180, 165
    most = max((sum(each.values()) for each in counts.values()), default=0) or 1
    step = (_WIDTH - _LEFT) / max(len(counts), 1)
    wide, every = min(step * 0.7, 50), -(-len(counts) // _LABELS)
    parts = [_line(_LEFT, floor, _WIDTH, floor)]
    parts += [_label(_LEFT - 6, 22, f"{most}", "end"), _label(_LEFT - 6, floor, "0", "end")]
    for at, (month, found) in enumerate(counts.items()):
        middle, top = _LEFT + step * (at + 0.5), float(floor)
        for verdict, name in VERDICTS:
            count = found.get(verdict, 0)
            top -= tall * count / most
            size = (middle - wide / 2, top, wide, tall * count / most)
            parts.append(_bar(size, verdict, f"{month}: {count} {name}"))
        if at % every == 0:
            parts.append(_label(middle, floor + 16, month[2:], "middle"))
    return _svg(floor + 24, "Decisions per month", parts)


def bars(title: str, rows: Sequence[tuple[str, int, str, str]]) -> str:
    """Return a bar below each label: (label, length, what it says behind the label, class)."""
    most = max((length for _, length, _, _ in rows), default=0) or 1
    parts, top = [], 0
    for label, length, said, name in rows:
        parts.append(_label(0, top + 13, shorten(label, _LETTERS, placeholder=" …"), "start"))
        parts.append(_label(_WIDTH, top + 13, said, "end"))
        size = (0, top + 19, max(_WIDTH * length / most, 1), 10)
        parts.append(_bar(size, name, f"{label}: {said}"))
        top += 40
    return _svg(max(top, 1), title, parts)


def calibration(bins: Sequence[Bin]) -> str:
    """Return what was said against what came true; on the diagonal they are the same."""
    floor, side = 310, 300

    def x(value: float) -> float:
        return _LEFT + side * value

    def y(value: float) -> float:
        return floor - side * value

    parts = [_line(x(0), y(0), x(1), y(0)), _line(x(0), y(0), x(0), y(1))]
    parts.append(_line(x(0), y(0), x(1), y(1), "ideal"))
    for value in (0, 0.25, 0.5, 0.75, 1):
        parts.append(_label(_LEFT - 6, y(value) + 4, f"{value:.0%}", "end"))
        parts.append(_label(x(value), floor + 16, f"{value:.0%}", "middle"))
    parts.append(_label(x(0.5), floor + 34, "probability that was said", "middle"))
    for each in bins:
        low, high = max(each.was.low, 0), min(each.was.high, 1)
        parts.append(_line(x(each.said), y(low), x(each.said), y(high), "range"))
        title = f"said {each.said:.1%}, came true {each.was.value:.1%} of {each.was.all} lines"
        parts.append(
            f'<circle class="post" cx="{x(each.said):.1f}" cy="{y(each.was.value):.1f}" r="4">'
            f"<title>{escape(title)}</title></circle>"
        )
    return _svg(floor + 42, "How often a probability came true", parts)


def _svg(height: float, title: str, parts: Iterable[str]) -> str:
    box = f'viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{escape(title)}"'
    return f"<svg {box}>{''.join(parts)}</svg>"


def _bar(size: tuple[float, float, float, float], name: str, title: str) -> str:
    left, top, wide, tall = size
    return (
        f'<rect class="{name}" x="{left:.1f}" y="{top:.1f}" width="{wide:.1f}" '
        f'height="{tall:.1f}"><title>{escape(title)}</title></rect>'
    )


def _line(x1: float, y1: float, x2: float, y2: float, name: str = "axis") -> str:
    return f'<line class="{name}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def _label(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
