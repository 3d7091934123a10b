"""The table of roles, lines and platforms is as promised, and docs/permissions.md says so."""

from __future__ import annotations

import pytest

from bot.chat.commands import COMMANDS
from tests.chat.permissions import LINES, PAGE, ROLES, page, table

EVERYBODY = [(platform, role) for platform, roles in ROLES.items() for role in roles]


@pytest.mark.hardened("A3", "each role says each line on each platform", "as promised in docs/permissions.md")
@pytest.mark.parametrize(("platform", "role"), EVERYBODY, ids=[f"{p}: {r.name}" for p, r in EVERYBODY])
async def test_everybody_may_what_is_promised_and_no_more(platform, role):
    seen = await table(role)
    assert seen == {line: role.promised(line) for line in LINES}
    shown = page({platform: {role.name: seen}}).partition(f"\n## {platform}\n")[2]
    assert shown in PAGE.read_text("utf-8")


def test_the_table_has_every_command_and_every_role():
    said = {line.split()[0].casefold().lstrip("/") for line in LINES}
    assert set(COMMANDS) <= said
    assert all(f"**{role.name}**" in PAGE.read_text("utf-8") for _, role in EVERYBODY)
