"""The commands for whoever writes a config."""

from __future__ import annotations

import json
import sys

from bot.config import schema as config_schema


def schema() -> int:
    """Print the JSON Schema of the config, for editors."""
    sys.stdout.write(json.dumps(config_schema(), indent=2, ensure_ascii=False) + "\n")
    return 0
