"""As much of GitHub's API as comments on a pull request take, on a server of its own."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.runner import Runner

PULL_REQUEST = {"pull_request": {"number": 7}}


class Api:
    """The comments and pull requests of one repository. `refuses` is the status that answers whatever is written."""

    def __init__(self) -> None:
        self.comments: list[dict[str, Any]] = []
        self.pulls: list[dict[str, Any]] = []
        self.asked: list[str] = []
        self.refuses = 0
        api = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length)) if length else {}
                api.asked.append(f"{self.command} {self.path}")
                assert self.headers["Authorization"] == "Bearer secret"
                status, told = api.answer(self.command, self.path, body)
                data = json.dumps(told).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_PATCH = answer  # noqa: N815

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"

    def add(self, body: str, login: str = "github-actions[bot]", kind: str = "Bot") -> None:
        """Put a comment on the pull request."""
        number = len(self.comments)
        comment = {"id": number, "body": body, "html_url": f"{self.address}/{number}"}
        self.comments.append({**comment, "user": {"login": login, "type": kind}})

    def answer(self, method: str, path: str, body: dict[str, str]) -> tuple[int, Any]:
        """The status and the answer to a request."""
        parts, query = urlsplit(path).path, parse_qs(urlsplit(path).query)
        if self.refuses and (method != "GET" or parts == "/user"):
            return self.refuses, {"message": "Resource not accessible by integration"}
        if (method, parts) == ("GET", "/user"):
            return 200, {"login": "someone"}
        if (method, parts) == ("GET", "/repos/team/models/pulls"):
            return 200, [pull for pull in self.pulls if pull["head"]["label"] == query["head"][0]]
        if (method, parts) == ("GET", "/repos/team/models/issues/7/comments"):
            first = (int(query["page"][0]) - 1) * 100
            return 200, self.comments[first : first + 100]
        if (method, parts) == ("POST", "/repos/team/models/issues/7/comments"):
            self.add(body["body"])
            return 201, self.comments[-1]
        match = re.fullmatch(r"/repos/team/models/issues/comments/(\d+)", parts)
        assert method == "PATCH"
        assert match is not None
        self.comments[int(match[1])]["body"] = body["body"]
        return 200, self.comments[int(match[1])]

    def make_runner(
        self, workspace: Path, event: str = "pull_request", content: Any = PULL_REQUEST, **variables: str
    ) -> Runner:
        """A runner whose API this is, with a folder of its own in the workspace."""
        return Runner(workspace / ".temp", workspace, event, content, GITHUB_API_URL=self.address, **variables)


@contextmanager
def serve() -> Iterator[Api]:
    """Serve it for as long as it is used."""
    api = Api()
    thread = threading.Thread(target=api.server.serve_forever)
    thread.start()
    try:
        yield api
    finally:
        api.server.shutdown()
        thread.join()
        api.server.server_close()
