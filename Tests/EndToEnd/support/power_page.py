"""The page at /, as a browser without scripts reads it."""

from __future__ import annotations

from html.parser import HTMLParser

# Elements that end with the next one of their kind, or with what contains them.
_CELLS = {"td", "th"}


class PowerPage(HTMLParser):
    """The tables by their ids, as rows of texts; other texts by ids; links by their texts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tables: dict[str, list[list[str]]] = {}
        self.texts: dict[str, str] = {}
        self.links: dict[str, str] = {}
        self._table: list[list[str]] | None = None
        self._text: str | None = None
        self._link: str | None = None
        self._is_in_cell = False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = dict(attributes)
        if tag == "table":
            self._table = self.tables[values.get("id") or ""] = []
        elif tag == "p" and values.get("id"):
            self._text = values["id"]
            self.texts[values["id"] or ""] = ""
        elif tag == "a":
            self._link = values.get("href")
        elif tag == "tr" and self._table is not None:
            self._table.append([])
        elif tag in _CELLS and self._table is not None:
            self._table[-1].append("")
        self._is_in_cell = tag in _CELLS if self._table is not None else False

    def handle_endtag(self, tag: str) -> None:
        if tag == "table":
            self._table = None
        elif tag == "p":
            self._text = None
        self._is_in_cell = False

    def handle_data(self, data: str) -> None:
        if self._is_in_cell and self._table:
            self._table[-1][-1] += data
        if self._text is not None:
            self.texts[self._text] += data
        if self._link is not None:
            self.links[data] = self._link
            self._link = None

    def rows(self, table: str) -> list[list[str]]:
        """The rows of a table, without its head."""
        return self.tables[table][1:]
