"""What the checks' tests share."""

from __future__ import annotations

import ssl

import pytest
import trustme

from bot.net import Network


@pytest.fixture
async def net():
    async with Network() as network:
        yield network


@pytest.fixture(scope="session")
def authority():
    return trustme.CA()


@pytest.fixture
async def trusting(authority, tmp_path):
    """A network that trusts `authority`."""
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    async with Network(path) as network:
        yield network


@pytest.fixture(scope="session")
def certified(authority):
    """A server's TLS context for names and addresses."""

    def make(*names, **dates):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(*(names or ("127.0.0.1",)), **dates).configure_cert(context)
        return context

    return make
