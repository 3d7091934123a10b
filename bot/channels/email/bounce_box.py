"""The mailbox to which mails come back."""

from __future__ import annotations

from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator


def is_local(host: str) -> bool:
    return host in {"localhost", "::1"} or host.startswith("127.")


class BounceBox(BaseModel):
    """`server` is "imaps://user@host:993"."""

    model_config = ConfigDict(defer_build=True, frozen=True, extra="forbid", hide_input_in_errors=True)
    server: str
    password: SecretStr
    folder: str = Field("INBOX", pattern=r"^[ -~]{1,200}$")

    @field_validator("server")
    @classmethod
    def _is_a_server(cls, server: str) -> str:
        parts = urlsplit(server)
        if parts.scheme not in {"imap", "imaps"} or not parts.hostname or not parts.username or parts.path.strip("/"):
            raise ValueError("expected imaps://user@host:993")
        if parts.password is not None:
            raise ValueError("the password goes into password or password_file, not into the address")
        if parts.scheme == "imap" and not is_local(parts.hostname):
            raise ValueError("would send the password in clear: use imaps://")
        _ = parts.port  # raises ValueError if it is no port
        return server

    @property
    def host(self) -> str:
        return urlsplit(self.server).hostname or ""
