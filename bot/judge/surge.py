"""Detection of an unusual number of user reports (pure)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from math import ceil, exp, lgamma, log, log1p

from bot.model.observations import hour

HOUR, WEEK = timedelta(hours=1), timedelta(weeks=1)
SLOTS = 168  # hours of a week, in UTC: habits that follow summer time are an hour off for a few weeks
WEEKS = 52
LATELY = 24  # hours searched for a slow rise
FEWEST = 3  # people: fewer are never a surge, however quiet the service
FLOOR = 0.1  # assumed reports per hour of a service without any: three people are unusual there, one or two are not
CHANCE = 0.001  # a surge is a number that a usual hour reaches once in a thousand times
# Reports come in bunches: colleagues ask each other, rumours spread, Mondays differ. So the standard deviation of a
# busy hour is about SIZE ** -0.5 = 58 % of its mean, where Poisson's would be 17 % at 35 reports: Poisson would alert
# at 55, this at 136. With 1 report an hour it alerts at 8, with none at 3.
SIZE = 3.0
# A slow rise: the likelihood of twice the usual number exceeds that of the usual one e ** 5 (148) times.
DOUBLED, PROOF = 2.0, 5.0


def profile(counts: Mapping[datetime, int], now: datetime) -> tuple[float, ...]:
    """Mean number of reports for each hour of the week, from Monday 0:00, given counts by clock hour (missing: 0).

    The largest tenth is dropped, as past outages are not usual. The last day is left out, as it is judged by the
    result.
    """
    end = hour(now) - LATELY * HOUR
    known = {at: count for at, count in counts.items() if end - WEEKS * WEEK <= at < end}
    if not known:
        return (0.0,) * SLOTS
    rows: list[list[int]] = [[] for _ in range(SLOTS)]
    for at, count in known.items():
        rows[_slot(at)].append(count)
    hours = (end - min(known)) // HOUR
    first = _slot(min(known))
    # How often each hour of the week has occurred since the first report; they differ by a partial week.
    times = [hours // SLOTS + ((slot - first) % SLOTS < hours % SLOTS) for slot in range(SLOTS)]
    return tuple(_mean(row, n) for row, n in zip(rows, times, strict=True))


def _mean(some: Sequence[int], times: int) -> float:
    """Trimmed mean of `times` numbers, those not in `some` being 0."""
    dropped = ceil(times / 10) if times > 2 else 0
    return sum(sorted(some)[: max(len(some) - dropped, 0)]) / (times - dropped) if times else 0.0


def usual(of: Sequence[float], now: datetime) -> float:
    """Expected number of reports in the hour that ends now, interpolated between two clock hours of a `profile`."""
    share = (now - hour(now)) / HOUR
    return (1 - share) * of[_slot(now - HOUR)] + share * of[_slot(now)]


def surge(hours: Sequence[tuple[int, float]], works: int = 0) -> bool:
    """Whether the last hour is unusual. `hours`: number of reports and the usual number, oldest first; the last is the
    hour that ends now. `works`: people for whom it works, each of whom cancels one report.
    """
    *before, (people, often) = hours
    net = people - works
    if net < FEWEST:
        return False
    return tail(net, max(often, FLOOR)) < CHANCE or rises([*before, (net, often)])


def tail(count: int, mean: float, size: float = SIZE) -> float:
    """Probability of `count` or more in a usual hour: negative binomial, with variance mean + mean ** 2 / size."""
    if count <= 0:
        return 1.0
    return _beta(mean / (size + mean), float(count), size)


def rises(hours: Sequence[tuple[int, float]]) -> bool:
    """True if reports have been twice the usual for a while: CUSUM of the log-likelihood ratio, floored at 0."""
    total = 0.0
    for count, often in hours:
        mean = max(often, FLOOR)
        more = DOUBLED * mean
        each = log(more * (SIZE + mean) / (mean * (SIZE + more)))
        total = max(0.0, total + count * each - SIZE * log((SIZE + more) / (SIZE + mean)))
    return total > PROOF


def _beta(x: float, a: float, b: float) -> float:
    """The regularized incomplete beta function, by its continued fraction below the mean, where it converges fast, and
    by symmetry above.
    """
    if x > (a + 1) / (a + b + 2):
        return 1 - _beta(1 - x, b, a)
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x))
    return front / a / _fraction(x, a, b)


def _fraction(x: float, a: float, b: float) -> float:
    """The continued fraction 1 + d1/(1 + d2/(1 + ...)), by Lentz's method: https://dlmf.nist.gov/8.17.v"""
    tiny = 1e-300
    value, above, below = 1.0, 1.0, 0.0
    for step in range(1, 2000):
        half, odd = divmod(step, 2)
        if odd:
            part = -(a + half) * (a + b + half) * x / ((a + 2 * half) * (a + 2 * half + 1))
        else:
            part = half * (b - half) * x / ((a + 2 * half - 1) * (a + 2 * half))
        below = 1 / (1 + part * below or tiny)
        above = 1 + part / above or tiny
        value *= above * below
        if abs(above * below - 1) < 1e-14:
            break
    return value


def _slot(at: datetime) -> int:
    return at.weekday() * 24 + at.hour
