"""Faults that both languages have."""

from __future__ import annotations

from modelspec.diagnostics import Finding, Place
from modelspec.source.bounds import MARK, MAX_BYTES, MAX_DEPTH, MAX_DIGITS, MAX_NODES, TOP
from modelspec.source.text import Text, shorten

__all__ = ["explain_encoding", "explain_number", "find_control", "tell_bytes", "tell_depth", "tell_empty", "tell_size"]

_SIZE_HINT = "a spec describes layers; weights and data belong into other files"


def explain_number(text: str, place: Place) -> Finding:
    """A number out of bounds."""
    what = f"has more than {MAX_DIGITS} digits"
    if not text.startswith("0x") and ("." in text or "e" in text.lower()):
        what = "is larger than any floating-point number"
    hint = "nothing here is so large; put quotes around it if it is text"
    return Finding("MS115", f"the number {shorten(text)} {what}", place, hint)


def tell_empty() -> Finding:
    hint = f"a spec begins with '{MARK}: 1'; 'modelspec init' writes one"
    return Finding("MS113", "the file says nothing", TOP, hint)


def tell_depth(place: Place) -> Finding:
    hint = "no model needs it; look for brackets that never close"
    return Finding("MS111", f"the file is nested more than {MAX_DEPTH} levels deep", place, hint)


def tell_bytes() -> Finding:
    message = f"the file is larger than {MAX_BYTES // 2**20} MiB, the most that is read"
    return Finding("MS110", message, TOP, _SIZE_HINT)


def tell_size() -> Finding:
    message = f"the file holds more than {MAX_NODES:,} keys, values and closing brackets, the most that is read"
    return Finding("MS110", message, TOP, _SIZE_HINT)


def explain_encoding(data: bytes, error: UnicodeDecodeError) -> Finding:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return Finding("MS102", "the file is UTF-16, not UTF-8", TOP, "save it as UTF-8")
    before = data[: error.start].decode()
    place = Text(before + "?").place(len(before), len(before) + 1)
    message = f"the byte 0x{data[error.start]:02x} does not belong to UTF-8 text"
    return Finding("MS102", message, place, "save the file as UTF-8")


def find_control(text: str) -> Finding | None:
    """The first character that neither YAML nor JSON allows in a text."""
    import re

    found = re.search("[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]", text)
    if found is None:
        return None
    code = ord(found.group())
    place = Text(text).place(found.start(), found.end())
    if code == 0:
        hint = "save it as UTF-8; the file is UTF-16, or no text at all"
        return Finding("MS102", "the file holds NUL characters, so it is not UTF-8 text", place, hint)
    return Finding("MS102", f"a control character (U+{code:04X}) in the text", place, "delete it")
