// The page renews itself; while it cannot, the line that says when it was read stands out.
"use strict";
const EVERY = 10000;
async function renew() {
  try {
    const answer = await fetch(location.href, {cache: "no-cache"});
    if (!answer.ok) throw new Error(String(answer.status));
    const next = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const id of ["banner", "rest"]) {
      // What has not changed is left alone: a selection stays, and a screen reader says only news.
      const [old, now] = [document, next].map((page) => page.getElementById(id));
      if (old.outerHTML === now.outerHTML) continue;
      old.className = now.className;
      old.replaceChildren(...now.childNodes);
    }
    document.title = next.title;
    document.querySelector("link[rel=icon]").href = next.querySelector("link[rel=icon]").getAttribute("href");
    document.body.removeAttribute("data-old");
  } catch {
    document.body.setAttribute("data-old", "");
  }
}
setInterval(() => document.hidden || renew(), EVERY);
document.addEventListener("visibilitychange", () => document.hidden || renew());
