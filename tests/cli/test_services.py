"""`tocsin services` as a person meets it: a table, JSON, one line for what there is not; no config is needed."""

from __future__ import annotations

import asyncio
import json

from bot import catalogue
from tests.cli.test_cli import left_behind, tocsin
from tests.cli.test_delivery import rows


async def test_the_catalogue_is_listed_for_people_and_for_programs(tmp_path):
    table, data, none = await asyncio.gather(
        tocsin(tmp_path, "services", "github"),
        tocsin(tmp_path, "services", "--json"),
        tocsin(tmp_path, "services", "githb"),
    )
    assert (table.code, table.err, rows(table)[:2]) == (
        0,
        "",
        [["id", "name", "status page", "routes"], ["github", "GitHub", "statuspage", "web, API, raw files"]],
    )
    assert table.out.splitlines()[-1] == "4 services, written down 2026-11-21; 4 of them not checked live."

    found = json.loads(data.out)
    assert [one["id"] for one in found] == list(catalogue.entries())
    github = next(one for one in found if one["id"] == "github")
    assert (github["official"]["url"], github["checked"]) == ("https://www.githubstatus.com/", None)

    assert (none.code, none.out, none.line) == (1, "", 'tocsin: no service is like "githb"; near: github, gitlab')
    assert left_behind(tmp_path) == []
