"""What a camera needs to connect: the JSON that `presenza device add --json` prints."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from hub import wire
from hub.errors import InputError


class Credentials(BaseModel):
    """One camera's identity and the way to its broker.

    `ca` is PEM text; without it the system's CAs count. Instead of a password there may be a `certificate` and
    its `key`, PEM too.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    device: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
    site: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
    username: str
    password: str | None = Field(None, repr=False)
    host: str
    port: Annotated[int, Field(ge=1, le=65535)]
    tls: bool = False
    ca: str | None = None
    certificate: str | None = None
    key: str | None = Field(None, repr=False)

    @model_validator(mode="after")
    def _has_a_secret(self) -> "Credentials":
        if self.password is None and (self.certificate is None or self.key is None):
            raise ValueError("there is neither a password nor a certificate with its key")
        return self

    def topic(self, leaf: str) -> str:
        return wire.up(self.site, self.device, leaf)

    @classmethod
    def of(cls, values: Mapping[str, object]) -> "Credentials":
        """Raises InputError with the first bad field; no secret is ever repeated."""
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            raise InputError("credentials", f"The credentials' {where or 'secret'}: {first['msg']}.") from None


def read_credentials(path: Path) -> list[Credentials]:
    """Those of a file: one JSON object, a list of them, or one on each line. Raises InputError."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("credentials", f"{path} can't be read: {type(error).__name__}.") from None
    found = [Credentials.of(each) for each in _objects(text, path)]
    if not found:
        raise InputError("credentials", f"{path} holds no credentials.")
    return found


def _objects(text: str, path: Path) -> list[Mapping[str, object]]:
    try:
        values = json.loads(text)
    except ValueError:
        try:
            values = [json.loads(line) for line in text.splitlines() if line.strip()]
        except ValueError:
            raise InputError("credentials", f"{path} is neither JSON nor JSON lines.") from None
    values = values if isinstance(values, list) else [values]
    if not all(isinstance(each, dict) for each in values):
        raise InputError("credentials", f"{path} holds something else than JSON objects.")
    return values
