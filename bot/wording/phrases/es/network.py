"""Spanish for what cannot be read or reached from here, by the English it comes in."""

from __future__ import annotations

NETWORK = {
    "asks us to ask less often": "pide que preguntemos con menos frecuencia",
    "it is packed in a way that we do not know": "viene comprimido de un modo que no conocemos",
    "its compressed page is broken": "su página comprimida está dañada",
    "its page takes too long to look through": "se tarda demasiado en revisar su página",
    "its charset is not known: whether": "no se conoce su juego de caracteres: no se puede saber si",
    "is on the page cannot be said": "está en la página",
    "its JSON is nested too deep for us to read": "su JSON está demasiado anidado para leerlo",
    "its JSON has a number that is too long for us to read": "su JSON tiene un número demasiado largo para leerlo",
    "it answers in a kind of HTTP that we cannot read": "responde con un HTTP que no sabemos leer",
    "redirects to an inner address, which is not followed": "redirige a una dirección interna, que no se sigue",
    "while waiting for a free socket of our own": "al esperar una conexión libre nuestra",
    "we have too many sockets open": "tenemos demasiadas conexiones abiertas",
    "this machine has too many files open": "esta máquina tiene demasiados archivos abiertos",
    "this machine is out of memory for sockets": "esta máquina no tiene memoria para más conexiones",
    "this machine is out of memory": "esta máquina no tiene memoria",
    "this machine has no free port or no address of that kind": "esta máquina no tiene puertos libres ni direcciones de ese tipo",
    "this machine does not speak that kind of address": "esta máquina no admite ese tipo de direcciones",
    "this machine forbids the connection": "esta máquina impide la conexión",
    "this machine's network is down": "esta máquina no tiene red",
    "this machine has no way to": "esta máquina no llega a direcciones",
    "IPv6 addresses": "IPv6",
    "IPv4 addresses": "IPv4",
    "this machine trusts no authority at all: set SSL_CERT_FILE": "esta máquina no confía en ninguna autoridad: define SSL_CERT_FILE",
    "forbidden on the way": "prohibida por el camino",
}
