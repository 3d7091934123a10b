"""Causes and reasons of failures, fit for anybody: no URLs, no headers."""

from __future__ import annotations

import errno
import socket
import ssl
from datetime import timedelta
from time import perf_counter

from bot.contracts import Cause, Trouble
from bot.model import Reason, ReasonCode

WHILE = {
    "": ReasonCode.BEFORE_IT_BEGAN,
    "turn": ReasonCode.WHILE_QUEUED,
    "dns": ReasonCode.WHILE_RESOLVING,
    "connect": ReasonCode.WHILE_CONNECTING,
    "tls": ReasonCode.DURING_HANDSHAKE,
    "wait": ReasonCode.WHILE_WAITING,
    "read": ReasonCode.WHILE_READING,
    "greet": ReasonCode.WHILE_GREETED,
}

# X509_V_ERR_* of OpenSSL's x509_vfy.h
CERTIFICATE = {
    9: ReasonCode.CERTIFICATE_NOT_YET_VALID,
    10: ReasonCode.CERTIFICATE_EXPIRED,
    18: ReasonCode.CERTIFICATE_SELF_SIGNED,
    19: ReasonCode.CERTIFICATE_OF_UNKNOWN_AUTHORITY,
    20: ReasonCode.CERTIFICATE_OF_UNKNOWN_AUTHORITY,
    21: ReasonCode.CERTIFICATE_OF_UNKNOWN_AUTHORITY,
    23: ReasonCode.CERTIFICATE_REVOKED,
    62: ReasonCode.CERTIFICATE_OF_OTHER_NAME,
    64: ReasonCode.CERTIFICATE_OF_OTHER_ADDRESS,
}

# The system's errors that concern the service, and those of this machine. Reported as the service's fault, ours would
# be an outage of everything watched.
ERRNO = {
    errno.ECONNREFUSED: (Cause.REFUSED, ReasonCode.CONNECTION_REFUSED),
    errno.ECONNRESET: (Cause.RESET, ReasonCode.CONNECTION_RESET),
    errno.ECONNABORTED: (Cause.RESET, ReasonCode.CONNECTION_RESET),
    errno.ENETRESET: (Cause.RESET, ReasonCode.CONNECTION_RESET),
    errno.ENOTCONN: (Cause.RESET, ReasonCode.CONNECTION_RESET),
    errno.ESHUTDOWN: (Cause.RESET, ReasonCode.CONNECTION_RESET),
    errno.EPIPE: (Cause.RESET, ReasonCode.CONNECTION_RESET),
    errno.ETIMEDOUT: (Cause.TIMEOUT, ReasonCode.TIMED_OUT),
    errno.EHOSTUNREACH: (Cause.UNREACHABLE, ReasonCode.HOST_UNREACHABLE),
    errno.EHOSTDOWN: (Cause.UNREACHABLE, ReasonCode.HOST_UNREACHABLE),
    # from the ICMP message of a filter on the way
    errno.EACCES: (Cause.UNREACHABLE, ReasonCode.BLOCKED_ON_THE_WAY),
    errno.ENOPROTOOPT: (Cause.UNREACHABLE, ReasonCode.BLOCKED_ON_THE_WAY),
    errno.EPROTO: (Cause.UNREACHABLE, ReasonCode.BLOCKED_ON_THE_WAY),
    # if this machine has a route to such addresses at all; otherwise the transport reports it
    errno.ENETUNREACH: (Cause.UNREACHABLE, ReasonCode.NETWORK_UNREACHABLE),
    errno.ENETDOWN: (Cause.OURS, ReasonCode.OWN_NETWORK_DOWN),
    errno.ENONET: (Cause.OURS, ReasonCode.OWN_NETWORK_DOWN),
    errno.ENODEV: (Cause.OURS, ReasonCode.OWN_NETWORK_DOWN),
    errno.EMFILE: (Cause.OURS, ReasonCode.OWN_SOCKETS_USED_UP),
    errno.ENFILE: (Cause.OURS, ReasonCode.OWN_FILES_USED_UP),
    errno.ENOBUFS: (Cause.OURS, ReasonCode.OWN_SOCKET_MEMORY_USED_UP),
    errno.ENOMEM: (Cause.OURS, ReasonCode.OWN_MEMORY_USED_UP),
    errno.ENOSPC: (Cause.OURS, ReasonCode.OWN_MEMORY_USED_UP),
    errno.EADDRNOTAVAIL: (Cause.OURS, ReasonCode.OWN_PORTS_USED_UP),
    errno.EADDRINUSE: (Cause.OURS, ReasonCode.OWN_PORTS_USED_UP),
    errno.EAGAIN: (Cause.OURS, ReasonCode.OWN_PORTS_USED_UP),
    errno.EAFNOSUPPORT: (Cause.OURS, ReasonCode.OWN_ADDRESS_KIND_UNKNOWN),
    errno.EPFNOSUPPORT: (Cause.OURS, ReasonCode.OWN_ADDRESS_KIND_UNKNOWN),
    errno.EPROTONOSUPPORT: (Cause.OURS, ReasonCode.OWN_ADDRESS_KIND_UNKNOWN),
    errno.ESOCKTNOSUPPORT: (Cause.OURS, ReasonCode.OWN_ADDRESS_KIND_UNKNOWN),
    errno.EPERM: (Cause.OURS, ReasonCode.OWN_CONNECTION_FORBIDDEN),
    errno.EINVAL: (Cause.OURS, ReasonCode.OWN_CONNECTION_FORBIDDEN),
    errno.EBADF: (Cause.OURS, ReasonCode.OWN_SOCKET_GONE),
    errno.ENOTSOCK: (Cause.OURS, ReasonCode.OWN_SOCKET_GONE),
    errno.ECANCELED: (Cause.OURS, ReasonCode.OWN_SOCKET_GONE),
}
# The cause of a time-out by phase, if it is not the service.
OVERDUE = {"dns": Cause.RESOLVER, "turn": Cause.OURS}


class TroubleError(Exception):
    """Carries a cause and its reason to the place where it becomes a `Trouble`; never leaves this package."""

    def __init__(self, cause: Cause, why: Reason) -> None:
        super().__init__(why.code)
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

    def trouble(self, cause: Cause, why: Reason) -> Trouble:
        return Trouble(cause, why, self.took, self.left)

    def overdue(self, timeout: timedelta) -> Trouble:
        cause = OVERDUE.get(self.phase, Cause.TIMEOUT)
        late = Reason.of(ReasonCode.TIMED_OUT_AFTER, seconds=timeout.total_seconds())
        return self.trouble(cause, Reason.of(WHILE[self.phase], what=late))

    def failed(self, error: OSError | TroubleError) -> Trouble:
        return self.trouble(*explain(error, self.phase))


def explain(error: OSError | TroubleError, phase: str) -> tuple[Cause, Reason]:
    """The cause of `error` in `phase`, and the reason."""
    if isinstance(error, TroubleError):
        return error.cause, error.why
    if isinstance(error, ssl.SSLCertVerificationError):
        wrong = CERTIFICATE.get(getattr(error, "verify_code", 0), ReasonCode.CERTIFICATE_UNTRUSTED)
        return Cause.CERTIFICATE, Reason.of(wrong)
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return Cause.TLS, Reason.of(WHILE[phase], what=Reason.of(ReasonCode.CONNECTION_CLOSED))
    if isinstance(error, ssl.SSLError):
        detail = (getattr(error, "reason", "") or "").lower().replace("_", " ")
        known = Reason.of(ReasonCode.TLS_FAILED_BECAUSE, detail=detail)
        return Cause.TLS, known if detail else Reason.of(ReasonCode.TLS_FAILED)
    cause, code = ERRNO.get(error.errno or _errno(error), (Cause.UNREACHABLE, ReasonCode.CONNECTION_FAILED))
    why = Reason.of(code)
    return cause, why if phase == "connect" and cause is not Cause.TIMEOUT else Reason.of(WHILE[phase], what=why)


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
