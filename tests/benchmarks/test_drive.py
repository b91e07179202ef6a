"""The driver's closed loop: what it asks, what it tells, what it counts."""

from pathlib import Path

from benchmarks.matching.drive import drive
from benchmarks.matching.generate import generate


def test_asks_every_line_once_and_counts_what_was_right(tmp_path: Path) -> None:
    generate(tmp_path, seed=5, tenants=2, lines=300)
    found = drive(tmp_path)
    assert len(found.took) == found.lines
    assert 0 < found.decided <= found.right <= found.posted < found.lines
    assert found.decided <= found.decidable
