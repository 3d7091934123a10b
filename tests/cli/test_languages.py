"""A language is one file: tried on a copy of the program."""

from __future__ import annotations

import shutil

import pytest

from tests.cli.test_cli import ROOT, cold, tocsin, write

pytestmark = pytest.mark.long


@pytest.fixture
def locales(tmp_path):
    """Of a copy that `tocsin` runs in `tmp_path`."""
    shutil.copytree(ROOT / "bot", tmp_path / "copy/bot", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "copy/bot/wording/locales"


async def check(folder):
    return await tocsin(folder, "check", how=cold, PYTHONPATH=str(folder / "copy"))


async def test_a_language_is_known_by_its_file_alone(tmp_path, locales):
    write(tmp_path, language="nl")
    assert 'language: "nl" is no language that Tocsin speaks; expected one of ' in (await check(tmp_path)).err
    shutil.copy(locales / "en.toml", locales / "nl.toml")
    assert (await check(tmp_path)).code == 0


async def test_a_file_that_does_not_fit_is_told_in_one_line(tmp_path, locales):
    write(tmp_path, language="de")
    english = (locales / "en.toml").read_text("utf-8")
    (locales / "de.toml").write_text(english.replace('an_outage = "an outage"\n', ""), "utf-8")
    ran = await check(tmp_path)
    assert (ran.code, ran.line) == (1, "tocsin: de.toml: titles.an_outage: is missing; English has it")
