"""Work on foreign bytes, done in a separate process and within a time limit.

The process (`offload.worker`) is started on demand. It is killed if the work takes too long, and ends after some idle
minutes, when the app closes, or when this process is gone. A second one takes work known to be slow, so that one
hostile page does not delay the others.
"""

from __future__ import annotations

import asyncio
import atexit
import builtins
import enum
import io
import os
import pickle
import queue
import socket
import subprocess
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field, is_dataclass
from typing import Any, TypeVar

from bot.offload.worker import BEGUN, HEAD, LARGEST_REQUEST, LARGEST_RESULT, OK, RAISED, WORK, Gone, receive

Made = TypeVar("Made")

SMALL = 8 * 1024  # bytes: smaller input may be processed in the event loop, in linear time
TURNS = 4  # how often its own seconds a job waits for its turn
START_WITHIN = 15.0  # seconds: a worker imports what the work needs
IDLE = 180.0  # seconds after which an idle worker ends
SLOW = 0.5  # share of its seconds after which work is known to be slow ...
REMEMBERED = 600.0  # ... for this many seconds
MOST_SLOW = 1000
MOST_WAITING = 500
_KEPT = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "PYTHONHOME")
_PLAIN = {"builtins": {"set", "frozenset", "complex", "bytearray", "range", "slice"}} | {
    "datetime": {"datetime", "timedelta", "timezone", "date", "time"},
    "zoneinfo": {"ZoneInfo", "ZoneInfo._unpickle"},
    "collections": {"OrderedDict", "deque"},
    "decimal": {"Decimal"},
    "fractions": {"Fraction"},
    "uuid": {"UUID"},
}


class OverranError(Exception):
    """The work exceeded its limits of time or memory, or no worker is available."""


async def offload(work: Callable[..., Made], *args: Any, seconds: float = 2.0, key: Hashable = None) -> Made:
    """Run a pure function in another process. Raise OverranError after `seconds`, and the errors of `work`.

    `work`, its arguments and its result must be picklable: a module-level function, bytes, frozen values. `key` groups
    work: if a group was slow lately, its work waits for its own kind, and not in front of other work.
    """
    return await _pool.run(work, args, seconds, key)


def missing() -> str:
    """Why no worker was available at the last attempt; "" if one was."""
    return _pool.missing


def close() -> None:
    """End the workers. Later work starts new ones."""
    _pool.close()


@dataclass(slots=True)
class _Job:
    request: bytes
    seconds: float
    until: float  # the latest start
    future: Future[tuple[bytes, bytes]] = field(default_factory=Future)
    slow: bool = False  # it took much of its time, or all of it


class _Worker:
    """A worker process and the socket to it."""

    def __init__(self) -> None:
        self._line, theirs = socket.socketpair()
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "bot.offload.worker"],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=_environment(),
                start_new_session=True,  # a ^C at the terminal is not for it
            )
        except BaseException:
            self._line.close()
            raise
        finally:
            theirs.close()
        self.served = 0

    def do(self, job: _Job) -> tuple[bytes, bytes]:
        """Run a job and return its answer. On Gone, TimeoutError or OSError the worker has to be closed."""
        self._line.settimeout(START_WITHIN)
        self._line.sendall(HEAD.pack(WORK, len(job.request)) + job.request)
        if receive(self._line, len(BEGUN)) != BEGUN:
            raise Gone
        self.served += 1
        self._line.settimeout(job.seconds)
        job.slow = True  # until it is done in time
        began = time.monotonic()
        kind, length = HEAD.unpack(receive(self._line, HEAD.size))
        job.slow = time.monotonic() - began > SLOW * job.seconds
        if length > LARGEST_RESULT:
            raise Gone
        return kind, receive(self._line, length)

    def kill(self) -> None:
        self._process.kill()

    def close(self) -> None:
        self._line.close()
        self.kill()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(START_WITHIN)


class _Lane:
    """A worker and its queue; thread and process exist only while there is work."""

    def __init__(self, had: Callable[[str], None]) -> None:
        self._had = had  # gets the reason if no worker could be had, else ""
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._worker: _Worker | None = None

    def put(self, job: _Job) -> None:
        """Queue a job. Raise RuntimeError if no thread can be started."""
        with self._lock:
            if self._jobs.qsize() >= MOST_WAITING:
                raise RuntimeError("too much is waiting")
            self._jobs.put(job)
            if self._thread is None:
                thread = threading.Thread(target=self._run, name="offload", daemon=True)
                try:
                    thread.start()
                except RuntimeError:
                    self._jobs.get_nowait()
                    self._had("no thread can be started")
                    raise
                self._thread = thread

    def close(self) -> None:
        """End the worker, even at work; waiting jobs are dropped."""
        with self._lock:
            thread, worker = self._thread, self._worker
            while thread is not None and not self._jobs.empty():
                waiting = self._jobs.get()
                if waiting is not None and waiting.future.set_running_or_notify_cancel():
                    waiting.future.set_exception(OverranError("the workers are closed"))
            if thread is not None:
                self._jobs.put(None)
        if worker is not None:
            worker.kill()
        if thread is not None:
            thread.join(START_WITHIN)

    def _run(self) -> None:
        while True:
            try:
                job = self._jobs.get(timeout=IDLE)
            except queue.Empty:
                job = None
            if job is not None:
                self._serve(job)
            elif self._has_ended():
                return

    def _has_ended(self) -> bool:
        """End the thread, so that the next job starts a new one; False if a job was queued meanwhile."""
        with self._lock:
            if self._jobs.empty():
                self._dismiss()
                self._thread = None
            return self._thread is None

    def _serve(self, job: _Job) -> None:
        """Do one job. A worker that has not answered is dismissed."""
        if not job.future.set_running_or_notify_cancel():
            return
        if time.monotonic() > job.until:
            job.future.set_exception(OverranError("others took too long before it"))
            return
        try:
            answer = self._answer(job)
        except BaseException as error:  # noqa: BLE001 - nobody else would wake the waiting caller
            why, missing = _why(error, job), "" if self._worker and self._worker.served else _missing(error)
            self._dismiss()
            self._had(missing)
            job.future.set_exception(OverranError(f"no worker can be had ({missing})" if missing else why))
            return
        self._had("")
        job.future.set_result(answer)

    def _answer(self, job: _Job) -> tuple[bytes, bytes]:
        """The answer of a worker. One that served before may have ended since: then ask a new one, once."""
        former = self._worker
        if former is not None:
            served = former.served
            try:
                return former.do(job)
            except (Gone, TimeoutError, OSError):
                if former.served > served:
                    raise  # it failed at this job
                self._dismiss()
        self._worker = _Worker()
        return self._worker.do(job)

    def _dismiss(self) -> None:
        if self._worker is not None:
            self._worker.close()
            self._worker = None


def _why(error: BaseException, job: _Job) -> str:
    if isinstance(error, TimeoutError):
        return f"it takes longer than {job.seconds:g} s"
    return "it ended its worker" if isinstance(error, Gone) else f"its worker cannot be asked ({error})"


def _missing(error: BaseException) -> str:
    """Why a new worker has not begun."""
    if isinstance(error, TimeoutError):
        return f"it does not begin within {START_WITHIN:.0f} s"
    return "it ends before it begins" if isinstance(error, Gone | ConnectionError) else str(error)


class _Pool:
    """The usual lane, and one for work that was slow lately."""

    def __init__(self) -> None:
        self.missing = ""
        self._usual, self._slow = _Lane(self._had), _Lane(self._had)
        self._known: OrderedDict[Hashable, float] = OrderedDict()  # when it was last slow
        self._watched = False

    async def run(self, work: Callable[..., Made], args: tuple[Any, ...], seconds: float, key: Hashable) -> Made:
        request = pickle.dumps((work, args, seconds), protocol=5)
        if len(request) > LARGEST_REQUEST:
            raise OverranError("it is too large")
        if not self._watched:
            self._watched = True
            atexit.register(self.close)
        longest = seconds * TURNS
        job = _Job(request, seconds, time.monotonic() + longest)
        try:
            (self._slow if self._was_slow(key) else self._usual).put(job)
        except RuntimeError as error:
            raise OverranError(str(error)) from None
        try:
            async with asyncio.timeout(longest + seconds + 2 * START_WITHIN):
                kind, said = await asyncio.wrap_future(job.future)
        except TimeoutError:
            raise OverranError("others take too long before it") from None
        finally:
            if job.slow:
                self._note(key)
        made: Made = _made(kind, said)
        return made

    def close(self) -> None:
        self._usual.close()
        self._slow.close()

    def _had(self, missing: str) -> None:
        self.missing = missing

    def _was_slow(self, key: Hashable) -> bool:
        at = self._known.get(key) if key is not None else None
        return at is not None and time.monotonic() - at < REMEMBERED

    def _note(self, key: Hashable) -> None:
        if key is not None:
            self._known[key] = time.monotonic()
            self._known.move_to_end(key)
            while len(self._known) > MOST_SLOW:
                self._known.popitem(last=False)


class _Reader(pickle.Unpickler):
    """Reads plain data only: the worker has read hostile bytes, and its answer must not run code here."""

    def find_class(self, module: str, name: str) -> Any:
        if name in _PLAIN.get(module, ()):
            return super().find_class(module, name)
        found = super().find_class(module, name) if module.partition(".")[0] == "bot" else None
        if isinstance(found, type) and (is_dataclass(found) or issubclass(found, enum.Enum | tuple)):
            return found
        raise pickle.UnpicklingError(f"{module}.{name} is no plain value")


def _made(kind: bytes, said: bytes) -> Any:
    """The result, or raise the error that came back."""
    try:
        value = _Reader(io.BytesIO(said)).load()
    except Exception:  # noqa: BLE001 - the bytes may be anything
        raise OverranError("what came back is no plain value") from None
    if kind == OK:
        return value
    if kind != RAISED:
        raise OverranError("what came back is no answer")
    names, message = value
    raise _error(names, message)


def _error(names: list[tuple[str, str]], message: str) -> Exception:
    """The exception, as the nearest of its classes that is Python's or ours."""
    for module, name in names:
        home = builtins if module == "builtins" else sys.modules.get(module) if module.startswith("bot.") else None
        found = getattr(home, name, None)
        if found is MemoryError:
            break
        if isinstance(found, type) and issubclass(found, Exception) and found is not UnicodeDecodeError:
            with suppress(Exception):
                return found(message)
    return OverranError(f"it cannot be worked on ({message[:200]})")


def _environment() -> dict[str, str]:
    """The environment without secrets, which a reader of hostile bytes does not need."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return kept | {"PYTHONPATH": os.pathsep.join(one or os.getcwd() for one in sys.path)}  # noqa: PTH109 - a string


_pool = _Pool()
