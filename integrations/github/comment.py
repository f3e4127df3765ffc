"""`comment.py COMMENT.md [REPORT.json]`: write the comment on a pull request, or update the one that is there.

What is wrong with that is told and fails nothing: the verdict is the check's, and the comment is in the step summary
and in an artifact as well. Python's standard library is all that it takes.
"""

from __future__ import annotations

import json
import os
import sys
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

MARK = "<!-- modelspec -->"
MOST = 65_536
"""Characters of a comment that GitHub takes."""
PAGES = 30
"""Pages of a hundred comments that are looked through for ours."""


def main(arguments: list[str]) -> int:
    """Write the comment, and say what became of it."""
    comment = Path(arguments[0])
    text = comment.read_text(encoding="utf-8", errors="replace") if comment.is_file() else ""
    if not text.startswith(MARK):
        print(f"no comment: {comment} does not begin with {MARK}")
        return 0
    report = Path(arguments[1]) if len(arguments) > 1 else None
    try:
        print(write(_cut(text), has_news=_has_news(report)))
    except urllib.error.HTTPError as error:
        if error.code in (401, 403, 404):
            print(
                f"no comment: this workflow may not write one ({error.code} {error.reason}). It is in the step summary "
                "and in the artifact 'modelspec', from which a workflow on workflow_run can post it"
            )
        else:
            print(f"::warning title=modelspec::no comment: the server answered {error.code} {error.reason}")
    except OSError as error:
        print(f"::warning title=modelspec::no comment: {error}")
    return 0


def write(text: str, *, has_news: bool) -> str:
    """Create or update our comment; say what was done. Without news none is created. Raises OSError."""
    pull_request = _find_pull_request()
    if pull_request is None:
        return "no comment: there is no open pull request that this is about"
    comments = f"issues/{pull_request}/comments"
    ours = _find_ours(comments)
    if ours is None and not has_news:
        return "no comment: nothing has changed, and nothing is wrong"
    if ours is None:
        return f"created {_ask('POST', comments, {'body': text})['html_url']}"
    if ours["body"].replace("\r\n", "\n").strip() == text.strip():
        return f"{ours['html_url']} says it already"
    _ask("PATCH", f"issues/comments/{ours['id']}", {"body": text})
    return f"updated {ours['html_url']}"


def _find_pull_request() -> int | None:
    """The number of the pull request that the event is about.

    After another workflow's run it is looked up by what GitHub says of that run: what its artifact says, a fork has
    written.
    """
    event = json.loads(Path(os.environ["GITHUB_EVENT_PATH"]).read_text(encoding="utf-8"))
    if "pull_request" in event:
        return int(event["pull_request"]["number"])
    run = event.get("workflow_run")
    if run is None or run["head_repository"] is None:
        return None
    head = f"{run['head_repository']['owner']['login']}:{run['head_branch']}"
    found = _ask("GET", f"pulls?{urllib.parse.urlencode({'state': 'open', 'head': head})}")
    return next((int(one["number"]) for one in found if one["head"]["sha"] == run["head_sha"]), None)


def _find_ours(comments: str) -> dict[str, Any] | None:
    """The comment of an earlier run. One that a person wrote with our mark is not ours, unless the token is theirs."""
    author = None
    for page in range(1, PAGES + 1):
        found = _ask("GET", f"{comments}?per_page=100&page={page}")
        for comment in found:
            if (comment["body"] or "").startswith(MARK):
                if comment["user"]["type"] == "Bot":
                    return dict(comment)
                author = author or _find_author()
                if comment["user"]["login"] == author:
                    return dict(comment)
        if len(found) < 100:
            break
    return None


def _find_author() -> str:
    """Whose token it is; that of a workflow is nobody's."""
    try:
        return str(_ask("GET", "/user")["login"])
    except urllib.error.HTTPError:
        return "?"


def _ask(method: str, path: str, body: dict[str, str] | None = None) -> Any:
    """Ask GitHub's API; `path` is within the repository unless it begins with a slash. Raises OSError."""
    base = os.environ.get("GITHUB_API_URL", "https://api.github.com")
    url = f"{base}{path}" if path.startswith("/") else f"{base}/repos/{os.environ['GITHUB_REPOSITORY']}/{path}"
    data = None if body is None else json.dumps(body).encode()
    headers = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28", "User-Agent": "modelspec"}
    headers["Authorization"] = f"Bearer {os.environ['TOKEN']}"
    request = urllib.request.Request(url, data, headers, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def _cut(text: str) -> str:
    if len(text) <= MOST:
        return text
    told = "\n\nThe comment is cut here: GitHub takes no longer one. The step summary has all of it.\n"
    return text[: text.rindex("\n", 0, MOST - len(told))] + told


def _has_news(report: Path | None) -> bool:
    """Whether there is anything to tell: something found, or a model that is not as it was."""
    try:
        told = json.loads(report.read_text(encoding="utf-8")) if report is not None else {}
        changed = any(comparison["status"] != "unchanged" for comparison in told.get("comparisons") or [])
        return not told["ok"] or changed or bool(told["diagnostics"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):  # there is none, or it is a fork's own
        return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
