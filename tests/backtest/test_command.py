"""`payymo backtest` as a process of its own, on the example."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "backtest"


def run(*arguments: str | Path, told: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  our own command
        [sys.executable, "-m", "payymo_api", "backtest", *map(str, arguments)],
        input=told,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_example_is_posted_right_and_shown_in_three_ways(tmp_path: Path) -> None:
    html, data = tmp_path / "report.html", tmp_path / "report.json"
    done = run(EXAMPLE, "--html", html, "--json", data)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("43 bank lines from 2026-01-02 to 2026-03-28, 32 documents")
    assert max(map(len, done.stdout.splitlines())) <= 100
    found = json.loads(data.read_text())
    assert sum(each["lines"] for each in found["decisions"].values()) == 43
    precision = found["known"]["precision"]
    assert precision["hits"] == precision["of"] >= 20
    assert found["known"]["nowhere_not_posted"]["value"] == 1
    assert html.read_text().count("<details") == 43


@pytest.mark.parametrize("posted", [True, False])
def test_whatever_is_posted_is_explained(tmp_path: Path, *, posted: bool) -> None:
    data = tmp_path / "report.json"
    run(EXAMPLE, "--json", data)
    lines = [
        each
        for each in json.loads(data.read_text())["lines"]
        if (each["decision"] == "posted") == posted
    ]
    assert lines
    for line in lines:
        told = line["offers"][0]["evidence"] if line["offers"] else [line["because"]]
        assert all(told), line


def test_a_batch_of_direct_debits_is_known_by_the_name_that_is_told(tmp_path: Path) -> None:
    (tmp_path / "invoices.csv").write_text(
        "Number,Date,Collection date,Amount,Currency,Payment method,Customer\n"
        "A-1,2026-03-01,2026-03-05,21.00,EUR,Direct debit,Alder Ltd\n"
        "A-2,2026-03-01,2026-03-05,34.50,EUR,Direct debit,Birch Ltd\n"
    )
    (tmp_path / "bank.csv").write_text(
        "Date,Name,Text,Amount\n2026-03-05,Cedar Hosting Ltd,SEPA DD COLLECTION,55.50\n"
        "2026-03-05,Elm Ltd,Coffee,-3.00\n"
    )
    posted = [run(tmp_path, *named).stdout for named in ((), ("--name", "Cedar Hosting Ltd"))]
    assert "posted            0 lines" in posted[0]
    assert "posted             1 line " in posted[1]


def test_unusable_input_is_one_line_and_status_2(tmp_path: Path) -> None:
    (tmp_path / "invoices.csv").write_text("Number,Date,Amount\nA,2026-13-01,5\n")
    (tmp_path / "bank.csv").write_text("Date,Amount,Text\n2026-03-13,5.00,A\n2026-03-14,6.00,B\n")
    no_date = run(tmp_path, "--currency", "EUR")
    no_money, nothing = run(tmp_path, "--currency", "zzz"), run()
    assert [each.returncode for each in (no_date, no_money, nothing)] == [2, 2, 2]
    assert no_date.stderr.startswith("payymo: invoices.csv, row 2, column 'Date': '2026-13-01'")
    assert no_money.stderr == "payymo: --currency: 'zzz' is not an ISO 4217 currency\n"
    assert nothing.stderr.count("\n") == 1


def test_the_stream_ends_with_its_input() -> None:
    assert run("--stream").returncode == 0
