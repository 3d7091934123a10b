"""A page that shows pages of several sites side by side at given widths, and measures how wide they need to be.

Chromium makes no window as narrow as a phone, so each width is a frame. Only this test page allows frames and scripts.
"""

from __future__ import annotations

from html import escape

from starlette.responses import HTMLResponse

PAGE = """<!doctype html><meta charset="utf-8"><title>frames</title>
<style>body {{ margin: 0; display: flex; gap: 20px; padding: 20px; background: #888; }}
iframe {{ border: 0; height: {height}px; flex: none; }}</style>
<body>{frames}
<script>
addEventListener("load", () => {{
  const found = [...document.querySelectorAll("iframe")].map((frame) => {{
    const page = frame.contentDocument, root = page.documentElement;
    const wide = [...page.querySelectorAll("body *")].filter(
      (one) => one.getBoundingClientRect().right > frame.width - 0 + 0.5);
    return {{path: frame.getAttribute("src"), width: +frame.width, title: page.title,
      needs: Math.max(root.scrollWidth, page.body.scrollWidth),
      wide: wide.map((one) => `${{one.tagName}}.${{one.getAttribute("class")}}`)}};
  }});
  fetch("/found", {{method: "POST", body: JSON.stringify(found)}});
}});
</script>"""


def framed(sites, frames, height=1460):
    """The sites, each below its name, and at / the page of frames, which are paths and widths."""
    made = "".join(f'<iframe src="{escape(path)}" width="{width}"></iframe>' for path, width in frames)
    page = HTMLResponse(PAGE.format(frames=made, height=height))

    async def app(scope, receive, send):
        if scope["type"] != "http":
            return
        name, slash, rest = scope["path"].removeprefix("/").partition("/")
        if name not in sites or not slash:
            await page(scope, receive, send)
            return
        raw = b"/" + scope["raw_path"].removeprefix(b"/").partition(b"/")[2]
        await sites[name](scope | {"path": f"/{rest}", "raw_path": raw}, receive, _loosened(send))

    return app


def _loosened(send):
    """Let a page be framed by the test page, and let that one look into it."""

    async def sent(message):
        if message["type"] == "http.response.start":
            kept = [row for row in message["headers"] if row[0] != b"content-security-policy"]
            message = message | {"headers": kept}
        await send(message)

    return sent
