"""A client of yaml-language-server, over its protocol: what an author would see at a place of a text."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

__all__ = ["LanguageServer", "Told"]

_Message = dict[str, Any]


class Told(NamedTuple):
    """A diagnostic: what is marked (line and column from 1, and the text), what is said of it, and by whom."""

    line: int
    column: int
    marked: str
    message: str
    by_schema: bool


class LanguageServer:
    """A running server with one schema for all files, or with none.

    It is driven as an editor does, over standard input and output; whatever it asks is answered from `settings`.
    Raises EOFError if it ends.
    """

    def __init__(self, command: Sequence[str], schema: str | None) -> None:
        self.command = command
        self.settings = {
            "yaml": {
                "schemas": {schema: "/*"} if schema else {},
                "schemaStore": {"enable": False},
                "completion": True,
                "hover": True,
                "validate": True,
            }
        }
        self.numbers = count(1)
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._told: dict[str, list[_Message]] = {}
        snippets = {"completionItem": {"snippetSupport": True, "documentationFormat": ["markdown"]}}
        able = {
            "workspace": {"configuration": True},
            "textDocument": {"completion": snippets, "hover": {"contentFormat": ["markdown"]}},
        }
        self.ask("initialize", {"processId": None, "rootUri": None, "capabilities": able})
        self._send({"method": "initialized", "params": {}})
        self._send({"method": "workspace/didChangeConfiguration", "params": {"settings": self.settings}})

    def __enter__(self) -> LanguageServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.ask("shutdown", None)
        self._send({"method": "exit"})
        self.process.wait(timeout=10)
        for stream in (self.process.stdin, self.process.stdout):
            assert stream is not None
            stream.close()

    def open(self, path: Path, text: str, *, wait: bool = True) -> list[Told]:
        """Open a text as the file at `path`, which need not be there, and wait for what the server finds wrong."""
        uri = path.as_uri()
        document = {"uri": uri, "languageId": "yaml", "version": 1, "text": text}
        self._send({"method": "textDocument/didOpen", "params": {"textDocument": document}})
        return self.wait(path, text) if wait else []

    def wait(self, path: Path, text: str) -> list[Told]:
        """What is wrong with an opened text, as soon as the server has said so."""
        uri = path.as_uri()
        while uri not in self._told:
            self._take()
        return [self._read(text, each) for each in self._told.pop(uri)]

    def close(self, path: Path) -> None:
        """Close it again."""
        self._send({"method": "textDocument/didClose", "params": {"textDocument": {"uri": path.as_uri()}}})

    def complete(self, path: Path, line: int, column: int) -> list[_Message]:
        """The completions at a place (from 0), as the protocol has them."""
        told = self.ask("textDocument/completion", self._place(path, line, column))
        items: list[_Message] = told["items"]
        return items

    def hover(self, path: Path, line: int, column: int) -> str:
        """The text that is shown for a place (from 0), in Markdown; "" if there is none."""
        told = self.ask("textDocument/hover", self._place(path, line, column))
        if not told:
            return ""
        text: str = told["contents"]["value"]
        return text

    def ask(self, method: str, params: Any) -> Any:
        """Ask, and wait for the answer. Raises AssertionError with the server's words if it fails."""
        number = next(self.numbers)
        self._send({"id": number, "method": method, "params": params})
        while True:
            message = self._take()
            if message.get("id") == number and "method" not in message:
                assert "error" not in message, message["error"]
                return message["result"]

    def _place(self, path: Path, line: int, column: int) -> _Message:
        return {"textDocument": {"uri": path.as_uri()}, "position": {"line": line, "character": column}}

    def _read(self, text: str, told: _Message) -> Told:
        lines = text.split("\n")
        start, end = told["range"]["start"], told["range"]["end"]
        line = lines[start["line"]]
        last = end["character"] if end["line"] == start["line"] else len(line)
        marked = line[start["character"] : last]
        by_schema = told.get("source", "").startswith("yaml-schema")
        return Told(start["line"] + 1, start["character"] + 1, marked, told["message"], by_schema)

    def _send(self, message: _Message) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.process.stdin.flush()

    def _take(self) -> _Message:
        """The next message. What the server asks is answered, and diagnostics are kept."""
        assert self.process.stdout is not None
        length = 0
        while line := self.process.stdout.readline().strip():
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        if not length:
            raise EOFError("the language server has ended")
        message: _Message = json.loads(self.process.stdout.read(length))
        if "method" in message and "id" in message:
            self._send({"id": message["id"], "result": self._answer(message)})
        elif message.get("method") == "textDocument/publishDiagnostics":
            self._told[message["params"]["uri"]] = message["params"]["diagnostics"]
        return message

    def _answer(self, message: _Message) -> Any:
        if message["method"] == "workspace/configuration":
            return [self.settings.get(item["section"], {}) for item in message["params"]["items"]]
        return None
