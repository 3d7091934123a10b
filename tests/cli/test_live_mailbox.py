"""`tocsin check --live` looks into the mailbox to which mails come back."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from pydantic import BaseModel, SecretStr

from bot.channels.webhook import WebhookSettings
from bot.cli.live_check import mailboxes, secrets
from tests.channels.test_email_bounces import of
from tests.fakes.mail import PASSWORD, free_ports, mail_server, settings
from tests.reasons import english


async def looked(kind, said):
    ((what, look),) = mailboxes(kind, said)
    return what, await look(SimpleNamespace())


async def test_a_mailbox_that_is_right_says_how_many_mails_it_holds(tmp_path):
    async with mail_server(tmp_path) as server:
        what, reach = await looked("email", of(server.imap_port))
    assert what == "email bounces at 127.0.0.1"
    assert reach.good is True
    assert "takes the login, and its folder INBOX can be read (0 mails in it)" in english(reach.said)


async def test_a_wrong_password_a_wrong_folder_and_a_port_that_is_closed_are_said_without_the_password(tmp_path):
    async with mail_server(tmp_path) as server:
        _, wrong = await looked("email", of(server.imap_port, "wrong-pass-9"))
        right = of(server.imap_port)
        none = right.model_copy(update={"bounces": right.bounces.model_copy(update={"folder": "Nothing here"})})
        _, nowhere = await looked("email", none)
    _, closed = await looked("email", of(*free_ports(1)))
    for reach in (wrong, nowhere, closed):
        assert reach.good is False
        assert english(reach.said).endswith("check channels.email.bounces")
        assert "wrong-pass-9" not in english(reach.said)
        assert PASSWORD not in english(reach.said)
    assert "Nothing here" in english(nowhere.said)


@pytest.mark.parametrize("said", [WebhookSettings(), settings("smtp://127.0.0.1:25")])
def test_without_a_mailbox_nobody_is_asked(said):
    assert list(mailboxes("email", said)) == []


def test_secrets_within_settings_are_hidden_too():
    class Inner(BaseModel):
        password: SecretStr

    class Outer(BaseModel):
        token: SecretStr
        inner: Inner

    assert list(secrets([Outer(token="a1", inner=Inner(password="b2"))])) == ["a1", "b2"]
