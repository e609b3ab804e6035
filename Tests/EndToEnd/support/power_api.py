"""What /api/v1/power answers, held against its schema, and read so that microjoules can be compared."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema

from .raw_http import Response

PATH = "/api/v1/power"
SCHEMA = Path(__file__).resolve().parents[3] / "docs" / "api.schema.json"
_VALIDATOR = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text()))


class Power:
    """One answer, which keeps to the schema."""

    def __init__(self, response: Response) -> None:
        assert response.status == 200, response
        assert response.header("content-type") == "application/json"
        text = response.text
        _VALIDATOR.validate(json.loads(text))
        self.json: dict[str, Any] = json.loads(text, parse_float=Decimal, parse_int=Decimal)

    def __getitem__(self, name: str) -> Any:
        return self.json[name]

    @property
    def domains(self) -> dict[str, dict[str, Any]]:
        """By tag."""
        found = {domain["domain"]: domain for domain in self.json["domains"]}
        assert len(found) == len(self.json["domains"])
        return found

    def history(self, domain: str) -> list[Decimal | None]:
        """The steps of a domain, or of the machine."""
        (watts,) = [series["watts"] for series in self.json["history"]["series"] if series["domain"] == domain]
        return watts
