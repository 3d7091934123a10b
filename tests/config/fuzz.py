"""Whatever is in a config file: a Config or a ConfigError, and no secret in it. `python -m tests.config.fuzz 20000`."""

from __future__ import annotations

import os
import random
import re
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from unittest.mock import patch

from bot.config import ConfigError, load

ROOT = Path(__file__).parent.parent.parent
SECRET = "S3CR3Tpassw0rd77xyz"  # stands in every secret of the example
EXAMPLE = re.sub(r"\$\{(\w+)(:-\w+)?\}", SECRET, (ROOT / "config.example.yaml").read_text())
PIECES = [
    "2026-11-31_22:00:00",
    "2026-13-01",
    "2026-12-01_25:00:00",
    "0001-01-01",
    "9999-12-31",
    "!!int_x",
    "!!float_x",
    "!!bool_x",
    "!!omap_[a:_1]",
    "!!python/tuple_[1]",
    "!!binary_x",
    "!!set_{a}",
    "!!timestamp_x",
    "!x_y",
    "&a_b",
    "*a",
    "<<:_{a:_1}",
    "99999999999999d",
    "0s",
    "-1s",
    "1e999",
    ".inf",
    "-.inf",
    ".nan",
    "NaN",
    "1_000",
    "0x10",
    "0o17",
    "017",
    "0b1",
    "1:30",
    "true",
    "yes",
    "null",
    "~",
    "[]",
    "{}",
    "[[]]",
    "{a:_{}}",
    "-",
    "?",
    ":",
    "|",
    ">",
    '"',
    "'",
    "\\",
    "%",
    "@",
    "`",
    "#",
    "---",
    "...",
    ",",
    '"\\0"',
    '"\\ud83c"',
    '"\\ud83c\\udfe6"',
    '"\\uffff"',
    '"\\x07"',
    '"\\e"',
    "\u202e",
    "\u200b",
    "\x7f",
    "\ufeff",
    "١٢",
    "𝟙𝟚",
    "é",
    "🏴",
    "${}",
    "${A",
    "${NOPE}",
    "$$",
    "${HOME}",
    "many",
    "tocsin",
    "all",
    "slack-delivery",
    "a#b",
    "a/b",
    "_x",
    "x_",
    "http://",
    "http://[::1",
    "http://[",
    "https://u:p@h:99999/",
    "postgresql://h:port/d",
    "sqlite://",
    "telegram:",
    ":x",
    "webhook:notaurl",
    "email:@",
    "slack:#A",
    "-1",
    "0",
    "1.5",
    "1e3",
    "12345678901234567890",
]  # a _ stands for a space
HUGE = ("9" * 5000, "x" * 70000, "[" * 2000, "{a: " * 500, "- " * 2000, "a: 1\n" * 50)


def mutated(rng: random.Random, text: str = EXAMPLE) -> str:
    """One to four changes: values swapped, put in, left out, doubled, nested; bytes flipped."""
    for _ in range(rng.randint(1, 4)):
        text = rng.choice(CHANGES)(rng, text)
    return text


def _value(rng: random.Random, text: str) -> str:
    spots = list(re.finditer(r"(?<=: )[^#\n{}\[\]]+?(?=[,}\]\n]|  )", text))
    spot = rng.choice(spots)
    new = rng.choice(HUGE) if rng.random() < 0.03 else rng.choice(PIECES).replace("_", " ")
    if rng.random() < 0.3:
        new = rng.choice(spots)[0]
    return text[: spot.start()] + new + text[spot.end() :]


def _line(rng: random.Random, text: str) -> str:
    lines = text.split("\n")
    at, other = rng.randrange(len(lines)), rng.randrange(len(lines))
    match rng.randrange(5):
        case 0:
            del lines[at]
        case 1:
            lines.insert(other, lines[at])
        case 2:
            lines[at], lines[other] = lines[other], lines[at]
        case 3:
            lines[at] = " " * rng.randrange(6) + lines[at].strip()
        case _:
            del lines[at : at + rng.randrange(20)]
    return "\n".join(lines)


def _sign(rng: random.Random, text: str) -> str:
    at = rng.randrange(len(text))
    new = rng.choice((*PIECES, "", chr(rng.randrange(256)), chr(rng.randrange(0x110000))))
    return text[:at] + new + text[at + rng.randrange(3) :]


def _key(rng: random.Random, text: str) -> str:
    spot = rng.choice(list(re.finditer(r"[\w-]+(?=: |:\n)", text)))
    return text[: spot.start()] + rng.choice(PIECES).replace("_", " ") + text[spot.end() :]


def _nested(rng: random.Random, text: str) -> str:
    spot = rng.choice(list(re.finditer(r"(?<=: )[^#\n{}\[\]]+?(?=[,}\]\n]|  )", text)))
    depth = rng.randrange(1, 60)
    opened, closed = rng.choice((("[", "]"), ("{a: ", "}")))
    return text[: spot.start()] + opened * depth + spot[0] + closed * depth + text[spot.end() :]


def _database(rng: random.Random, text: str) -> str:
    return text.replace("sqlite:///tocsin.db", mutated_url(rng), 1)


CHANGES = (_value, _value, _value, _line, _line, _sign, _key, _nested, _database)


OPTIONS = (
    "?",
    "?sslmode=require",
    "?sslrootcert=/x",
    f"?password={SECRET}",
    "?a",
    "?host=/tmp",
    "?port=1",
    "?ssl=x&ssl=x",
    f"?user=u&password={SECRET}&host=127.0.0.1",
    "?target_session_attrs=any",
    "?sslmode=%00",
)


def _often(rng: random.Random, right: str, others: tuple[str, ...]) -> str:
    return right if rng.random() < 0.5 else rng.choice(others)


def mutated_url(rng: random.Random) -> str:
    """The address of a database, or what was meant for one."""
    parts = [
        _often(rng, "postgresql", ("sqlite", "postgres", "mysql", "")),
        _often(rng, "://", (":///", ":", "//", "")),
        _often(
            rng, f"u:{SECRET}@", ("", "u@", f"u:{SECRET}@x@", f"u:a/{SECRET}@", f"u:a#{SECRET}@", "%00:p@", "a:b:c@")
        ),
        _often(rng, "127.0.0.1", ("h", "[::1]", "[::1", "::1", "", "a..b", "x" * 300, "h h", "a,b", "/run/db")),
        _often(rng, ":5432", ("", ":port", ":", ":0", ":1", ":99999", ":٣", ":-1", ":1:2")),
        _often(rng, "/db", ("", "/", "//", "/d%00b", "/a b", "/a@b", f"/{SECRET}@b", "/%40")),
        _often(rng, "", OPTIONS),
    ]
    if rng.random() < 0.2:
        parts.insert(rng.randrange(len(parts)), rng.choice(PIECES))
    return "".join(parts)


def attempt(folder: Path, text: str) -> str:
    """How it went: "taken", "refused", or what must never be."""
    path = folder / "config.yaml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    path.chmod(0o600)
    try:
        config = load(path)
    except ConfigError as error:
        return "shows a secret" if SECRET.lower() in str(error).lower() else "refused"
    except BaseException as error:  # noqa: BLE001 - what is looked for
        return f"{type(error).__name__} escapes"
    shown = SECRET in repr(config.opened_channels())
    return "shows a secret" if shown and _holders(text) <= _holders(EXAMPLE) else "taken"


def _holders(text: str) -> set[str]:
    """The keys whose value is the secret: one that a change moved to, such as a mailbox's name, may be shown."""
    return set(re.findall(rf"([\w-]+): *[\"']?{SECRET}", text))


def run(count: int, seed: int = 1) -> tuple[Counter[str], dict[str, str], float]:
    """How they went, an example of each way, and the CPU seconds of the slowest."""
    ends, examples, slowest = Counter(), {}, 0.0
    with tempfile.TemporaryDirectory() as folder, patch.dict(os.environ):
        os.environ.pop("NOPE", None)
        for number in range(count):
            text = mutated(random.Random(f"{seed}/{number}"))
            begun = time.process_time()
            end = attempt(Path(folder), text)
            slowest = max(slowest, time.process_time() - begun)
            ends[end] += 1
            examples.setdefault(end, text)
    return ends, examples, slowest


if __name__ == "__main__":
    ends, examples, slowest = run(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    print(dict(ends), f"slowest: {slowest:.2f} s of CPU")  # noqa: T201
    for end in ends.keys() - {"taken", "refused"}:
        Path(f"fuzz-{end.split()[0]}.yaml").write_bytes(examples[end].encode("utf-8", "surrogatepass"))
