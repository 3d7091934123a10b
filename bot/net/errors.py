"""Causes of failures in plain words, fit for anybody: no URLs, no headers, no library's own text."""

from __future__ import annotations

import errno
import socket
import ssl
from datetime import timedelta
from time import perf_counter

from bot.contracts import Cause, Trouble

WHILE = {
    "": "before it began",
    "turn": "while waiting for a free socket of our own",
    "dns": "while looking up its name",
    "connect": "while connecting",
    "tls": "during the TLS handshake",
    "wait": "while waiting for the answer",
    "read": "while reading the answer",
    "greet": "while waiting for its greeting",
}

# X509_V_ERR_* of OpenSSL's x509_vfy.h
CERTIFICATE = {
    9: "its certificate is not valid yet",
    10: "its certificate has expired",
    18: "its certificate is self-signed",
    19: "its certificate comes from an authority we do not know",
    20: "its certificate comes from an authority we do not know",
    21: "its certificate comes from an authority we do not know",
    23: "its certificate has been revoked",
    62: "its certificate is for another name",
    64: "its certificate is for another address",
}

# The system's errors that concern the service, and those of this machine. Reported as the service's fault, ours would
# be an outage of everything watched.
ERRNO = {
    errno.ECONNREFUSED: (Cause.REFUSED, "connection refused"),
    errno.ECONNRESET: (Cause.RESET, "connection reset"),
    errno.ECONNABORTED: (Cause.RESET, "connection reset"),
    errno.ENETRESET: (Cause.RESET, "connection reset"),
    errno.ENOTCONN: (Cause.RESET, "connection reset"),
    errno.ESHUTDOWN: (Cause.RESET, "connection reset"),
    errno.EPIPE: (Cause.RESET, "connection reset"),
    errno.ETIMEDOUT: (Cause.TIMEOUT, "timed out"),
    errno.EHOSTUNREACH: (Cause.UNREACHABLE, "host unreachable"),
    errno.EHOSTDOWN: (Cause.UNREACHABLE, "host unreachable"),
    # from the ICMP message of a filter on the way
    errno.EACCES: (Cause.UNREACHABLE, "forbidden on the way"),
    errno.ENOPROTOOPT: (Cause.UNREACHABLE, "forbidden on the way"),
    errno.EPROTO: (Cause.UNREACHABLE, "forbidden on the way"),
    # if this machine has a route to such addresses at all; otherwise the transport reports it
    errno.ENETUNREACH: (Cause.UNREACHABLE, "network unreachable"),
    errno.ENETDOWN: (Cause.OURS, "this machine's network is down"),
    errno.ENONET: (Cause.OURS, "this machine's network is down"),
    errno.ENODEV: (Cause.OURS, "this machine's network is down"),
    errno.EMFILE: (Cause.OURS, "we have too many sockets open"),
    errno.ENFILE: (Cause.OURS, "this machine has too many files open"),
    errno.ENOBUFS: (Cause.OURS, "this machine is out of memory for sockets"),
    errno.ENOMEM: (Cause.OURS, "this machine is out of memory"),
    errno.ENOSPC: (Cause.OURS, "this machine is out of memory"),
    errno.EADDRNOTAVAIL: (Cause.OURS, "this machine has no free port or no address of that kind"),
    errno.EADDRINUSE: (Cause.OURS, "this machine has no free port or no address of that kind"),
    errno.EAGAIN: (Cause.OURS, "this machine has no free port or no address of that kind"),
    errno.EAFNOSUPPORT: (Cause.OURS, "this machine does not speak that kind of address"),
    errno.EPFNOSUPPORT: (Cause.OURS, "this machine does not speak that kind of address"),
    errno.EPROTONOSUPPORT: (Cause.OURS, "this machine does not speak that kind of address"),
    errno.ESOCKTNOSUPPORT: (Cause.OURS, "this machine does not speak that kind of address"),
    errno.EPERM: (Cause.OURS, "this machine forbids the connection"),
    errno.EINVAL: (Cause.OURS, "this machine forbids the connection"),
    errno.EBADF: (Cause.OURS, "our own socket was gone"),
    errno.ENOTSOCK: (Cause.OURS, "our own socket was gone"),
    errno.ECANCELED: (Cause.OURS, "our own socket was gone"),
}
# The cause of a time-out by phase, if it is not the service.
OVERDUE = {"dns": Cause.RESOLVER, "turn": Cause.OURS}


class TroubleError(Exception):
    """Carries a cause and its text to the place where it becomes a `Trouble`; never leaves this package."""

    def __init__(self, cause: Cause, why: str) -> None:
        super().__init__(why)
        self.cause = cause
        self.why = why


class Trip:
    """The progress of one fetch, and the duration of each phase."""

    __slots__ = ("_began", "_mark", "left", "phase", "phases", "reused", "until")

    def __init__(self, until: float) -> None:
        self.until = until  # deadline in the loop's time
        self.phase = ""
        self.phases: dict[str, float] = {}
        self.left = False  # whether the request has begun to leave
        self.reused = False
        self._began = self._mark = perf_counter()

    def enter(self, phase: str) -> None:
        """End the current phase and enter the next; "" only ends it. A repeated phase (a redirect, a retry) adds up."""
        now = perf_counter()
        if self.phase:
            self.phases[self.phase] = self.phases.get(self.phase, 0.0) + now - self._mark
        self.phase = phase
        self._mark = now

    @property
    def took(self) -> timedelta:
        return timedelta(seconds=perf_counter() - self._began)

    def trouble(self, cause: Cause, why: str) -> Trouble:
        return Trouble(cause, why, self.took, self.left)

    def overdue(self, timeout: timedelta) -> Trouble:
        cause = OVERDUE.get(self.phase, Cause.TIMEOUT)
        return self.trouble(cause, f"timed out after {timeout.total_seconds():g} s {WHILE[self.phase]}")

    def failed(self, error: OSError | TroubleError) -> Trouble:
        return self.trouble(*explain(error, self.phase))


def explain(error: OSError | TroubleError, phase: str) -> tuple[Cause, str]:
    """The cause of `error` in `phase`, and its text."""
    if isinstance(error, TroubleError):
        return error.cause, error.why
    if isinstance(error, ssl.SSLCertVerificationError):
        return Cause.CERTIFICATE, CERTIFICATE.get(getattr(error, "verify_code", 0), "its certificate cannot be trusted")
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return Cause.TLS, f"closed the connection {WHILE[phase]}"
    if isinstance(error, ssl.SSLError):
        reason = (getattr(error, "reason", "") or "").lower().replace("_", " ")
        return Cause.TLS, f"TLS failed: {reason}" if reason else "TLS failed"
    cause, why = ERRNO.get(error.errno or _errno(error), (Cause.UNREACHABLE, "connection failed"))
    return cause, why if phase == "connect" and cause is not Cause.TIMEOUT else f"{why} {WHILE[phase]}"


def _errno(error: OSError) -> int:
    """The error's number; asyncio raises some errors without one."""
    match error:
        case ConnectionRefusedError():
            return errno.ECONNREFUSED
        case ConnectionError():
            return errno.ECONNRESET
        case TimeoutError():
            return errno.ETIMEDOUT
    return 0


def has_route(address: str) -> bool:
    """Whether this machine has a route to such an address. No packet is sent."""
    try:
        with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as door:
            door.connect((address.partition("%")[0], 9))
    except OSError:
        return False
    return True
