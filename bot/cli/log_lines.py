"""Log lines for programs: an object a line."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime


class JsonLines(logging.Formatter):
    """time (ISO 8601, UTC), level, logger, message; of an error its traceback as well, which holds no values."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, whatever the message contains."""
        said = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            said["traceback"] = self.formatException(record.exc_info)
        return json.dumps(said)
