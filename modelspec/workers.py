"""Work that is shared out over processes, its results in the order of the work.

Each process is a fork of the caller and sees what that sees; only results travel. What a process does not answer (it
died, or met a fault of ours) the caller does itself, in order: so the output is the same, in the same order, on however
many cores, and a fault is met where it is told.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TypeVar

__all__ = ["count_cores", "share_out"]

Result = TypeVar("Result")

_HEAD = 8
"""Bytes before each answer: its length."""
_CHUNK = 1 << 16


def count_cores() -> int:
    """The cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


def share_out(
    work: Callable[[int], Result | None], count: int, jobs: int, advance: Callable[[], None] | None = None
) -> list[Result | None]:
    """The results of `work(0)` to `work(count - 1)`, by so many processes; None is a result that costs no time.

    `advance` is called once for each piece of work that is done.
    """
    answers: dict[int, bytes] = {}
    if jobs > 1 and count > 1 and hasattr(os, "fork"):
        answers = _ask(work, count, min(jobs, count), advance or _ignore)
    results: list[Result | None] = []
    for index in range(count):
        answer = answers.get(index)
        if answer is None:
            results.append(work(index))
            if advance is not None:
                advance()
        else:
            results.append(_read(answer))
    return results


def _ignore() -> None:
    pass


def _read(answer: bytes) -> Result | None:
    if not answer:
        return None
    import pickle

    result: Result = pickle.loads(answer)
    return result


def _ask(work: Callable[[int], Result | None], count: int, jobs: int, advance: Callable[[], None]) -> dict[int, bytes]:
    """What the processes answer, by the number of the work; a process that fails leaves the rest of its share out."""
    import selectors

    answers: dict[int, bytes] = {}
    processes: list[int] = []
    with selectors.DefaultSelector() as selector:
        for number in range(jobs):
            share = range(number, count, jobs)
            try:
                process, pipe = _start(work, share)
            except OSError:
                # No more processes, or no more files.
                continue
            processes.append(process)
            selector.register(pipe, selectors.EVENT_READ, (iter(share), bytearray()))
        while selector.get_map():
            for key, _ in selector.select():
                share_left, waiting = key.data
                read = os.read(key.fd, _CHUNK)
                if not read:
                    selector.unregister(key.fd)
                    os.close(key.fd)
                    continue
                waiting += read
                while len(waiting) >= _HEAD:
                    end = _HEAD + int.from_bytes(waiting[:_HEAD], "big")
                    if len(waiting) < end:
                        break
                    answers[next(share_left)] = bytes(waiting[_HEAD:end])
                    del waiting[:end]
                    advance()
    for process in processes:
        os.waitpid(process, 0)
    return answers


def _start(work: Callable[[int], Result | None], share: range) -> tuple[int, int]:
    """Start a process on some of the work: its number, and the pipe through which it answers."""
    reader, writer = os.pipe()
    try:
        process = os.fork()
    except OSError:
        os.close(reader)
        os.close(writer)
        raise
    if process:
        os.close(writer)
        return process, reader
    # The child answers up to a fault of ours, which the caller meets again and tells.
    try:
        os.close(reader)
        with os.fdopen(writer, "wb") as answers:
            for index in share:
                result = work(index)
                answer = b""
                if result is not None:
                    import pickle

                    answer = pickle.dumps(result, pickle.HIGHEST_PROTOCOL)
                answers.write(len(answer).to_bytes(_HEAD, "big") + answer)
                answers.flush()
    finally:
        os._exit(0)
