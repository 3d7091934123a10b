"""The table that a benchmark writes into the documentation."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.figures import Row
from benchmarks.report import BEGIN, END, write

DOCS = Path(__file__).parents[1] / "docs" / "performance.md"
ROWS = [
    Row("a check", "0.3 s", "0.4 s or less", "Gatus 0.5"),
    Row("memory", "150 MB", "120 MB or less"),
    Row("a | b", "1"),
]


def test_the_table_takes_the_place_of_the_last_one_and_the_prose_stays(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(f"before\n\n{BEGIN}\nold\n{END}\n\nafter\n")
    for _ in range(2):
        write(page, ROWS, (0.5, 1.25))
        text = page.read_text()
        assert text.startswith("before\n")
        assert text.endswith("\n\nafter\n")
        assert "old" not in text
        assert text.count("| a check | 0.3 s | 0.4 s or less | yes | Gatus 0.5 |") == 1
        assert "| memory | 150 MB | 120 MB or less | **no** |  |" in text
        assert "| a \\| b | 1 |  |  |  |" in text


def test_a_page_without_the_markers_is_left_alone(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("before\n")
    with pytest.raises(ValueError, match="lacks"):
        write(page, ROWS, (0.0, 0.0))
    assert page.read_text() == "before\n"


def test_the_documentation_has_a_place_for_it():
    text = DOCS.read_text()
    assert text.count(BEGIN) == text.count(END) == 1
    assert text.index(BEGIN) < text.index(END)
