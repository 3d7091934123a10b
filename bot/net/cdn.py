"""Which network answered in a service's stead: when it fails, much fails at once, and its name says why."""

from __future__ import annotations

from collections.abc import Mapping

# (header, in small letters; what its value contains; the network)
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
    """Its name, by what it writes into the headers of answers; empty where none shows."""
    return next((n for header, sign, n in SIGNS if header in headers and sign in headers[header].casefold()), "")
