"""The networks that serve many are known by their answers."""

from __future__ import annotations

import pytest

from bot.net import network


@pytest.mark.parametrize(
    ("headers", "name"),
    [
        ({"server": "cloudflare", "cf-ray": "8f1-MAD"}, "Cloudflare"),
        ({"server": "AkamaiGHost"}, "Akamai"),
        ({"via": "1.1 6f2.cloudfront.net (CloudFront)"}, "Amazon CloudFront"),
        ({"x-served-by": "cache-mad22041-MAD", "via": "1.1 varnish"}, "Fastly"),
        ({"x-azure-ref": "0abc"}, "Azure Front Door"),
        ({"server": "nginx"}, ""),
        ({}, ""),
    ],
)
def test_a_network_is_known_by_what_it_writes_into_answers(headers, name):
    assert network(headers) == name
