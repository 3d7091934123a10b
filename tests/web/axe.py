"""axe-core in Chromium: what it finds wrong on pages for those who see little, or listen to a screen reader."""

from __future__ import annotations

import json
from pathlib import Path

import axe_core_python
from starlette.responses import HTMLResponse, Response

from tests.web.browser import found

AXE = Path(axe_core_python.__file__).with_name("axe.min.js")
SEEN = [(language, dark) for language in ("en", "es") for dark in (False, True)]
NAMES = [f"{language}-{'dark' if dark else 'light'}" for language, dark in SEEN]
RUN = """<script src="/axe.js"></script><script>
addEventListener("load", () => axe.run(document, {resultTypes: ["violations"], iframes: false}).then(
  (result) => parent.postMessage({passes: result.passes.length,
    found: result.violations.map((one) => `${one.id}: ${one.nodes.length}: ${one.nodes[0].html.slice(0, 200)} `
      + (one.nodes[0].any[0] || one.nodes[0].all[0] || one.nodes[0].none[0] || {message: ""}).message)}, "*"),
  (error) => parent.postMessage({passes: 0, found: [String(error)]}, "*")));
</script>"""
# A page in a frame takes the frame's colour scheme for what its reader prefers.
PAGE = """<!doctype html><meta charset="utf-8"><title>axe</title><body>
<script>
const paths = %s, results = [];
function next() {
  document.querySelector("iframe")?.remove();
  if (results.length === paths.length) {
    fetch("/found", {method: "POST", body: JSON.stringify(results)});
    return;
  }
  const frame = document.createElement("iframe");
  frame.width = %d; frame.height = 2400; frame.style.colorScheme = "%s"; frame.src = paths[results.length];
  document.body.append(frame);
}
addEventListener("message", (event) => {
  results.push({...event.data, path: paths[results.length]});
  next();
});
next();
</script>"""


def audited(sites, paths, width=700, axe=AXE, *, dark=False):
    """The sites, each below its name, with axe in each page, and at / the page that runs it on the `paths`."""
    start = HTMLResponse(PAGE % (json.dumps(paths), width, "dark" if dark else "light"))
    script = Response(axe.read_bytes(), media_type="text/javascript", headers={"Cache-Control": "max-age=3600"})

    async def app(scope, receive, send):
        if scope["type"] != "http":
            return
        name, _, rest = scope["path"].removeprefix("/").partition("/")
        if scope["path"] == "/axe.js":
            await script(scope, receive, send)
        elif name in sites:
            raw = b"/" + scope["raw_path"].removeprefix(b"/").partition(b"/")[2]
            plain = [row for row in scope["headers"] if row[0] != b"accept-encoding"]
            page = scope | {"path": f"/{rest}", "raw_path": raw, "headers": plain}
            await sites[name](page, receive, _with_axe(send))
        else:
            await start(scope, receive, send)

    return app


def page(html):
    """A site of one page."""
    return HTMLResponse(html)


async def violations(app):
    """What axe finds, by path, on the pages of what `audited` makes."""
    results = await found(app)
    assert all(one["passes"] > 5 for one in results), results
    return {one["path"]: one["found"] for one in results}


def _with_axe(send):
    started = {}

    async def sent(message):
        if message["type"] == "http.response.start":
            assert message["status"] < 500
            kept = [row for row in message["headers"] if row[0] != b"content-security-policy"]
            if not any(name == b"content-type" and b"html" in value for name, value in kept):
                await send(message | {"headers": kept})
                return
            kept = [row for row in kept if row[0] != b"content-length"]
            started["head"] = message | {"headers": kept}
            started["body"] = b""
        elif "head" in started:
            started["body"] += message.get("body", b"")
            if not message.get("more_body"):
                whole = started["body"] + RUN.encode()
                await send(started["head"])
                await send({"type": "http.response.body", "body": whole})
        else:
            await send(message)

    return sent
