"""Errors of the system, in words that may be shown to anybody."""

from __future__ import annotations

import errno
import os
import resource
import socket
import ssl
from datetime import timedelta

import pytest

from bot.contracts import Cause
from bot.model import Reason
from bot.net.errors import ERRNO, Trip, TroubleError, explain
from tests.reasons import english, quote

SOON = timedelta(seconds=5)


async def test_our_own_lack_of_sockets_is_not_the_services_fault(net, get):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
        filled = os.dup(listening.fileno())  # the lowest free number: all below it are taken
        resource.setrlimit(resource.RLIMIT_NOFILE, (filled, hard))
        try:
            seen = await get(net, url)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            os.close(filled)
    assert (seen.cause, seen.left) == (Cause.OURS, False)
    assert english(seen.why) == "we have too many sockets open"


@pytest.mark.parametrize("number", sorted(ERRNO))
@pytest.mark.parametrize("phase", ["connect", "tls", "wait", "read"])
def test_every_error_has_words_of_ours(number, phase):
    cause, why = explain(OSError(number, "t0ken"), phase)
    assert cause is ERRNO[number][0]
    assert english(why).startswith(english(Reason.of(ERRNO[number][1])))
    assert "t0ken" not in english(why)


@pytest.mark.parametrize(
    ("error", "cause", "why"),
    [
        (OSError("t0ken"), Cause.UNREACHABLE, "connection failed"),
        (OSError(9999, "t0ken"), Cause.UNREACHABLE, "connection failed"),
        (ConnectionRefusedError("t0ken"), Cause.REFUSED, "connection refused"),
        (ConnectionResetError("t0ken"), Cause.RESET, "connection reset"),
        (TimeoutError("t0ken"), Cause.TIMEOUT, "timed out while connecting"),
        (ssl.SSLError("t0ken"), Cause.TLS, "TLS failed"),
        (ssl.SSLEOFError("t0ken"), Cause.TLS, "closed the connection while connecting"),
        (TroubleError(Cause.REDIRECTS, quote("so it is")), Cause.REDIRECTS, "so it is"),
    ],
)
def test_an_error_without_a_number_is_known_by_its_kind(error, cause, why):
    found, reason = explain(error, "connect")
    assert (found, english(reason)) == (cause, why)


@pytest.mark.parametrize(
    ("code", "word"), [(10, "expired"), (18, "self-signed"), (62, "another name"), (999, "cannot be trusted")]
)
def test_a_certificates_fault_is_named(code, word):
    error = ssl.SSLCertVerificationError("t0ken")
    error.verify_code = code
    cause, why = explain(error, "tls")
    assert cause is Cause.CERTIFICATE
    assert word in english(why)


def test_a_trip_adds_up_phases_met_again():
    trip = Trip(0.0)
    for phase in ("connect", "wait", "read", "connect", "wait", ""):
        trip.enter(phase)
    assert set(trip.phases) == {"connect", "wait", "read"}
    assert trip.took.total_seconds() >= sum(trip.phases.values())


def test_running_out_before_anything_began_has_words_too():
    assert english(Trip(0.0).overdue(SOON).why) == "timed out after 5 s before it began"
    assert explain(OSError(errno.ECONNRESET, ""), "")[0] is Cause.RESET
