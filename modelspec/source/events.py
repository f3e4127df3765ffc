"""The events of a YAML text: the only module that knows PyYAML."""

from __future__ import annotations

from yaml import MarkedYAMLError, YAMLError
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

__all__ = [
    "AliasEvent",
    "DocumentStartEvent",
    "MappingEndEvent",
    "MappingStartEvent",
    "MarkedYAMLError",
    "Parser",
    "ScalarEvent",
    "SequenceEndEvent",
    "SequenceStartEvent",
    "StreamEndEvent",
    "YAMLError",
]

try:
    from yaml._yaml import CParser as Parser
except ImportError:  # PyYAML built without libyaml: the same events, some fifty times slower
    from typing import Any

    from yaml.parser import Parser as _EventParser
    from yaml.reader import Reader as _Reader
    from yaml.scanner import Scanner as _Scanner
    from yaml.scanner import ScannerError as _ScannerError

    from modelspec.source.text import is_unicode

    class Parser(_Reader, _Scanner, _EventParser):  # type: ignore[no-redef]
        def __init__(self, data: bytes) -> None:
            _Reader.__init__(self, data)
            _Scanner.__init__(self)
            _EventParser.__init__(self)

        def get_event(self) -> Any:
            event: Any = super().get_event()  # type: ignore[no-untyped-call]
            if event.__class__ is ScalarEvent and not is_unicode(event.value):
                # As libyaml does.
                mark: Any = event.start_mark
                raise _ScannerError("", mark, "found invalid Unicode character escape code", mark)
            return event
