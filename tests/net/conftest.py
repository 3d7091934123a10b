"""What the network room's tests share."""

from __future__ import annotations

import asyncio
import socket
import ssl
from datetime import timedelta

import pytest
import trustme
import uvloop

from bot.net import Network

SOON = timedelta(seconds=5)


def pytest_asyncio_loop_factories(config, item):  # noqa: ARG001 # pytest-asyncio names them
    """The daemon runs on uvloop, but not everywhere; they differ in how connections end."""
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest.fixture
async def net():
    async with Network() as network:
        yield network


@pytest.fixture(scope="session")
def authority():
    return trustme.CA()


@pytest.fixture(scope="session")
def ca_file(authority, tmp_path_factory):
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


@pytest.fixture
async def trusting(ca_file):
    """A network that trusts `authority`."""
    async with Network(ca_file) as network:
        yield network


@pytest.fixture(scope="session")
def certified(authority):
    """A server's TLS context for names and addresses."""

    def make(*names, ca=authority, **dates):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        ca.issue_cert(*(names or ("127.0.0.1", "localhost")), **dates).configure_cert(context)
        return context

    return make


@pytest.fixture
def get():
    """Ask for a URL, briefly."""

    async def ask(network, url, method="GET", *, headers=None, content=None, timeout=SOON, **how):
        return await network.fetch(network.prepare(method, url, headers, content), timeout=timeout, **how)

    return ask


@pytest.fixture
def free_port():
    """Where nobody listens: bound, so that nobody begins to."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]
