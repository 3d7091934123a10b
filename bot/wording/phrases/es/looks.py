"""Spanish for a look that somebody asked for."""

from __future__ import annotations

from bot.wording.phrases.shape.looks import LooksPhrases

# What the network says of what was asked for.
REASONS = {
    "our own resolver does not answer": "nuestro propio servidor de nombres no responde",
    "its name cannot be looked up": "no se puede averiguar su dirección",
    "its name servers do not answer": "sus servidores de nombres no responden",
    "redirects to something that cannot be asked": "redirige a algo que no se puede pedir",
    "redirects more than 5 times": "redirige más de 5 veces",
    "what it answers is no HTTP": "lo que responde no es HTTP",
    "breaks off into something that is no HTTP": "se interrumpe con algo que no es HTTP",
    "without an answer": "sin responder",
    "in the middle of its answer": "en mitad de su respuesta",
}

LOOKS = LooksPhrases(
    answers="🟢 {name} nos responde (HTTP {status}, {seconds} s)",
    answers_badly="🟠 {name} nos responde, pero sin la página (HTTP {status}, {seconds} s)",
    answers_error="🔴 {name} nos responde con un error (HTTP {status}, {seconds} s)",
    silent="🔴 {name} no nos responde: {why}",
    asks_human="⚫ {name} pregunta si somos humanos: no se sabe qué ve la gente",
    cannot="⚫ {name} no se puede mirar: {why}",
    see_nothing="⚫ Ahora no vemos nada (conexión propia)",
    inner="🔒 Esa dirección no se mira: no está en la internet pública",
    inner_line="Está dentro de nuestra propia red, o el nombre no existe",
    unfit="🔒 Esa dirección no se mira: solo las de http y https",
    unfit_line="En los puertos 80, 443, 8080 y 8443, sin usuario ni contraseña en la dirección",
    well="🟢 {name} nos responde ({seconds} s)",
    well_bare="🟢 {name} nos responde",
    down="🔴 {name} no nos responde",
    partly="🟠 {name} nos responde en parte, pero no: {routes}",
    slow="🟠 {name} nos responde con lentitud: {routes}",
    unseen="⚫ {name}: nuestra propia mirada no aclara nada",
    what="Di qué hay que mirar: «check {service}», «check example.org»",
    too_often="⏳ No se ha mirado: lo has pedido {count} veces en un minuto",
    too_much="⏳ No se ha mirado: ahora mismo se piden demasiadas cosas",
)
