"""The delivery network that answered for a service: if it fails, many services fail at once for the same reason."""

from __future__ import annotations

from collections.abc import Mapping

# (header in lower case; part of its value; network)
SIGNS = (
    ("server", "cloudflare", "Cloudflare"),
    ("server", "akamai", "Akamai"),
    ("server", "netlify", "Netlify"),
    ("server", "vercel", "Vercel"),
    ("server", "awselb", "AWS"),
    ("via", "cloudfront", "Amazon CloudFront"),
    ("via", "google", "Google Cloud"),
    ("x-served-by", "cache-", "Fastly"),
    ("x-azure-ref", "", "Azure Front Door"),
)


def network(headers: Mapping[str, str]) -> str:
    """The network named by the headers of a response; "" if none."""
    return next((n for header, sign, n in SIGNS if header in headers and sign in headers[header].casefold()), "")
