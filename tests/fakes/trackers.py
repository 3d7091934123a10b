"""The far sides of the trackers, on 127.0.0.1: Downdetector's API with its tokens, and IsItDownRightNow's page.

`breaks`: what the next requests are answered with instead, one each; `always`: what all of them are. Both are bytes, or
do as they like with the connection. `broken` has each request that no decent client would make.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
from collections import deque
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.fakes.site import Act, Heard, Site, page

CLIENT, SECRET = "dd-client-1f6b", "dd-secret-83ce"
FIELDS = {"id", "name", "slug", "country_iso", "status", "baseline_current", "stats_60", "stats_24"}
UP = """\
<div class="tabletr">Website Name:<span class="tab">Twitter</span></div>
<div class="tabletrsimple">URL Checked:<span class="tab">{domain}</span></div>
<div class="tabletr">Response Time:<span class="tab">11.5 ms.</span></div>
<div class="tabletrsimple">Last Down:<span class="tab">2 weeks ago</span></div>
<div class="tabletr"><span class="upicon">{name} is UP and reachable by us.</span></div>
<div class="tabletrsimple">Please check and report on local outages below ...</div>
"""
DOWN = """\
<div class="tabletr">Website Name:<span class="tab">Twitter</span></div>
<div class="tabletrsimple">URL Checked:<span class="tab">{domain}</span></div>
<div class="tabletr">Response Time:<span class="tab">no response</span></div>
<div class="tabletrsimple">Down For:<span class="tab">More than a minute</span></div>
<div class="tabletr"><span class="downicon">{name} is DOWN for everyone. It is not just you.</span></div>
"""


def tell(body: Any, status: int = 200) -> bytes:
    return page(status, json.dumps(body), {"Content-Type": "application/json", "Connection": "close"})


def refusal(status: int, message: str) -> bytes:
    return tell({"error": True, "message": message, "statusCode": status}, status)


class Faulty(Site):
    def __init__(self) -> None:
        super().__init__(self._answer)
        self.breaks: deque[bytes | Act] = deque()
        self.always: bytes | Act | None = None
        self.broken: list[str] = []

    async def _answer(self, heard: Heard, writer: asyncio.StreamWriter) -> None:
        if not heard.headers.get("user-agent", "").startswith("Tocsin/"):
            self.broken.append(f"says that it is {heard.headers.get('user-agent')}")
        answer = self.breaks.popleft() if self.breaks else self.always or self.serve(heard)
        if isinstance(answer, bytes):
            writer.write(answer)
            await writer.drain()
        else:
            await answer(heard, writer)

    def serve(self, heard: Heard) -> bytes:
        raise NotImplementedError


class FakeDowndetector(Faulty):
    """`companies` by id, as `has` makes them. Its tokens are good until `expire`."""

    def __init__(self) -> None:
        super().__init__()
        self.companies: dict[int, dict[str, Any]] = {}
        self.expires_in: Any = 3600
        self.secrets = [CLIENT, SECRET, base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()]
        self._numbers = itertools.count(1)
        self._good = ""

    @property
    def config(self) -> dict[str, Any]:
        return {"client_id": CLIENT, "client_secret": SECRET, "api_url": self.url("/v2")}

    def has(self, company: int, status: str = "success", reports: Any = 31, usual: Any = 35) -> None:
        self.companies[company] = {
            "id": company,
            "name": f"Company {company}",
            "slug": f"company-{company}",
            "country_iso": "ES",
            "status": status,
            "stats_60": reports,
            "baseline_current": usual,
            "stats_24": [8] * 96,
        }

    def expire(self) -> None:
        self._good = ""

    def asked(self, what: str = "companies") -> list[Heard]:
        return [heard for heard in self.heard if urlsplit(heard.target).path == f"/v2/{what}"]

    def serve(self, heard: Heard) -> bytes:
        parts = urlsplit(heard.target)
        query, method = {name: values[0] for name, values in parse_qs(parts.query).items()}, heard.method
        if (method, parts.path) == ("POST", "/v2/tokens"):
            return self._token(heard, query)
        if (method, parts.path) != ("GET", "/v2/companies"):
            self.broken.append(f"{method} {heard.target}")
            return refusal(404, "Not Found")
        return self._companies(heard, query)

    def _token(self, heard: Heard, query: dict[str, str]) -> bytes:
        if heard.headers.get("authorization") != f"Basic {self.secrets[2]}":
            return refusal(401, "Unauthorized")
        if query != {"grant_type": "client_credentials"} or heard.headers.get("content-length") != "0":
            self.broken.append(f"asks for a token with {query} and {heard.headers}")
            return refusal(400, "Bad Request")
        self._good = f"dd-token-{next(self._numbers)}"
        self.secrets.append(self._good)
        return tell({"access_token": self._good, "expires_in": self.expires_in, "token_type": "Bearer"})

    def _companies(self, heard: Heard, query: dict[str, str]) -> bytes:
        if not self._good or heard.headers.get("authorization") != f"Bearer {self._good}":
            return refusal(401, "Unauthorized")
        ids, fields = query.get("ids", "").split(","), query.get("fields", "").split(",")
        if not all(one.isdigit() for one in ids) or not set(fields) <= FIELDS or len(set(ids)) < len(ids):
            self.broken.append(f"asks for companies with {query}")
            return refusal(400, "Bad Request")
        found = [self.companies[int(one)] for one in ids if int(one) in self.companies]
        return tell([{name: one[name] for name in fields} for one in found])


class FakeIsItDown(Faulty):
    """Every site is up but those in `down`."""

    def __init__(self) -> None:
        super().__init__()
        self.down: set[str] = set()

    @property
    def config(self) -> dict[str, Any]:
        return {"url": self.url("")}

    def asked(self, domain: str) -> int:
        return sum(heard.target.endswith(f"?domain={domain}") for heard in self.heard)

    def serve(self, heard: Heard) -> bytes:
        parts = urlsplit(heard.target)
        domain = parse_qs(parts.query).get("domain", [""])[0]
        if (heard.method, parts.path) != ("GET", "/check.php") or not domain or domain.startswith("www."):
            self.broken.append(f"{heard.method} {heard.target}")
            return page(404, "", {"Connection": "close"})
        form = DOWN if domain in self.down else UP
        body = form.format(domain=domain, name=domain.capitalize())
        return page(200, body, {"Content-Type": "text/html; charset=UTF-8", "Connection": "close"})
