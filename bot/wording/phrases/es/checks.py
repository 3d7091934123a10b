"""Spanish for what the checks give as reasons, by the English they come in."""

from __future__ import annotations

CHECKS = {
    "while waiting for its greeting": "al esperar su saludo",
    "without a greeting": "sin saludar",
    "does not offer TLS (STARTTLS)": "no ofrece TLS (STARTTLS)",
    "its name server does not answer": "su servidor de nombres no responde",
    "its name server fails (SERVFAIL)": "su servidor de nombres falla (SERVFAIL)",
    "its name server refuses to answer (REFUSED)": "su servidor de nombres se niega a responder (REFUSED)",
    "answers no ping": "no responde a ningún ping",
    "what it answers is no JSON": "lo que responde no es JSON",
    "what it answers is no WebSocket handshake": "lo que responde no abre un WebSocket",
    "leads elsewhere than it should": "lleva a otro sitio del debido",
    "another page of ": "otra página de ",
}
