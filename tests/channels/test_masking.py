"""Secrets stand in nothing that people read, and what is no secret is left as it is."""

from __future__ import annotations

import base64

import pytest
from pydantic import SecretStr

from bot.channels.discord import DiscordSettings
from bot.channels.providers import masked, unsendable
from bot.channels.slack import SlackSettings
from bot.channels.telegram import TelegramSettings
from bot.contracts import ChannelContext
from bot.model import Destination, RefusalScope, Refused
from tests.channels import test_discord, test_slack, test_telegram
from tests.channels.kit import NoNet
from tests.reasons import english

KEY = "sEcReTkEy0123456789"


@pytest.mark.hardened("B1", "an Apprise or webhook place, whose host may be the key", "scheme and a number only")
@pytest.mark.parametrize(
    ("kind", "place", "begins"),
    [
        ("apprise", f"prowl://{KEY}", "apprise:prowl #"),
        ("apprise", f"join://{KEY}", "apprise:join #"),
        ("apprise", f"pbul://{KEY}", "apprise:pbul #"),
        ("apprise", f"pover://u@{KEY}", "apprise:pover #"),
        ("apprise", f"{KEY}://x", "apprise #"),
        ("apprise", KEY, "apprise #"),
        ("apprise", f"mailto:{KEY}", "apprise #"),
        ("webhook", f"https://{KEY}.example.org/hook", "webhook:https #"),
        ("webhook", f"h/{KEY}", "webhook #"),
        ("slack", f"https://{KEY}", "slack:https #"),
        ("email", f"smtp://{KEY}", "email:smtp #"),
    ],
)
def test_a_place_that_may_be_a_secret_is_shown_by_its_scheme_and_a_number(kind, place, begins, saw):
    shown = Destination(kind, place).shown
    saw(shown)
    assert shown.startswith(begins)
    assert KEY.lower() not in shown.lower()
    assert Destination(kind, place).shown == shown != Destination(kind, f"{place}2").shown


@pytest.mark.parametrize("text", ["slack:C012", "email:desk@example.org", "telegram:-100123/45", "console:-"])
def test_any_other_place_is_shown_whole(text):
    assert Destination.parse(text).shown == text


@pytest.mark.parametrize(
    ("secret", "text", "left"),
    [
        ("a", "a mail has an address", "*** mail has an address"),
        ("no", "there is no such user: not now", "there is *** such user: not now"),
        ("hunter2", "bad hunter2, hunter22", "bad ***, hunter22"),
        (KEY, f"said x{KEY.lower()}y", "said x***y"),
        ("", "nothing to hide", "nothing to hide"),
        ("p:@#ß w$", "no: p:@#ß w$!", "no: ***!"),
        (KEY, base64.b64encode(KEY.encode()).decode(), "***"),
    ],
)
def test_a_secret_is_taken_out_and_no_other_word(secret, text, left):
    assert masked(text, secret) == left


BAD = ["xoxb-1\n2", "xoxb 12", "xoxb-1\r\nX: y", "xoxb-ß", "xoxb-\x00", "xoxb-\u2028x", "123:a\tb"]


@pytest.mark.parametrize("token", ["xoxb-12", "123:abc\n", " abc "])
def test_what_stands_around_a_token_does_no_harm(token):
    assert unsendable(token, "the token", "there") is None


@pytest.mark.hardened(
    "T21", "a token with a line feed inside, or a letter that no header takes", "one line; a refused account"
)
@pytest.mark.parametrize("token", BAD)
@pytest.mark.parametrize(
    ("settings", "key", "kit"),
    [
        (SlackSettings(bot_token="x", api_url="http://127.0.0.1:9/"), "bot_token", test_slack.TestSlack),
        (TelegramSettings(token="x", api_url="http://127.0.0.1:9"), "token", test_telegram.TestTelegram),
        (DiscordSettings(token="x", api_url="http://127.0.0.1:9"), "token", test_discord.TestDiscord),
    ],
    ids=["slack", "telegram", "discord"],
)
async def test_a_token_that_cannot_be_sent_is_a_line_and_a_refused_account(settings, key, kit, token, saw):
    async def recall(_name):
        return None

    made = settings.model_copy(
        update={key: SecretStr(token)}
    )  # the config refuses such a one; this is the channel's own look
    said = english(await made.probe(NoNet()))
    saw(said)
    assert said
    assert "\n" not in said
    assert token not in said
    async with made.open(ChannelContext(NoNet(), (), recall, None)) as channel:
        receipt = await channel.send(kit().first())
    assert (type(receipt), receipt.scope) == (Refused, RefusalScope.ACCOUNT)
    assert token not in english(receipt.why)
