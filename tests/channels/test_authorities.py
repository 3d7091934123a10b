"""The system's authorities are read once for all who ask over HTTP: each copy takes 0.8 MB."""

from __future__ import annotations

import gc
import ssl
from unittest.mock import patch

import aiohttp
import pytest
import yarl
from aiohttp.client_reqrep import ClientRequest

from bot.channels import aiohttp_tls
from bot.channels.email import EmailSettings, smtp
from bot.channels.telegram.request import Request
from bot.net import Network, transport


@pytest.mark.parametrize(("verifies", "holds"), [(True, True), (False, False)])
async def test_aiohttp_takes_our_settings(verifies, holds):
    aiohttp_tls.share()
    asked = ClientRequest("GET", yarl.URL("https://x.example"), ssl=verifies)
    async with aiohttp.TCPConnector() as connector:
        found = connector._get_ssl_context(asked)
    assert (found is transport.shared_tls()) is holds
    assert bool(found.cert_store_stats()["x509_ca"]) is holds
    assert found.verify_mode is (ssl.CERT_REQUIRED if verifies else ssl.CERT_NONE)
    assert found.check_hostname is verifies


async def test_telegram_and_our_own_transport_take_the_same():
    async with Network() as net:
        before = _holding_authorities()
        assert net._transport._context is transport.shared_tls()
        request = Request(net, 1)
        assert request._sdk._client._transport._pool._ssl_context is transport.shared_tls()
        assert _holding_authorities() == before
        await request.shutdown()


async def test_a_relay_without_tls_reads_none():
    settings = EmailSettings.model_validate({"server": "smtp://127.0.0.1:1", "security": "none", "from": "a@b.example"})
    with patch.object(ssl, "create_default_context", side_effect=AssertionError):
        assert await smtp.probe(settings, await settings._tls_of_relay())


def _holding_authorities():
    transport.shared_tls()
    return {
        id(one) for one in gc.get_objects() if isinstance(one, ssl.SSLContext) and one.cert_store_stats()["x509_ca"]
    }
