"""Every error a user can meet, as a small tree of sentences.

FallowError
├── UnknownName            a name that no registry has
├── LibraryError           the library folder or its catalog
│   ├── LibraryMissing
│   ├── LibraryNewer
│   ├── LibraryBusy
│   ├── LibraryDamaged
│   └── DiskFull
├── SourceError            a file or service that papers come from
│   ├── SourceMissing
│   ├── SourceBroken
│   ├── SourceUnsupported
│   └── ServiceError       a service on the network did not answer as it was asked
│       ├── ServiceThrottled   too fast, or it asks everybody to wait
│       ├── BudgetExhausted    what one may ask in a day is spent
│       ├── ServiceRefused     it will not answer this, however often it is asked
│       └── ServiceBroken      it cannot be reached, or its answers cannot be read
├── PaperUnknown           an id that the library does not have
├── BadInput               text, dates or options that cannot be used
├── EncoderError           weights that are missing, damaged or of another model
├── EngineError            an engine that is not installed, not in step with the index, or failed
├── IndexMissing           a question that needs `fallow build` first
├── IndexDamaged           a generation whose checksums do not hold
└── NotEnoughEvidence      a stage that would have to invent its answer
"""

from __future__ import annotations


class FallowError(Exception):
    """An error told in one sentence: what happened and where, then what to do about it."""

    def __init__(self, what: str, remedy: str = "") -> None:
        self.what = what.rstrip(".")
        self.remedy = remedy.rstrip(".")
        super().__init__(f"{self.what}; {self.remedy}." if remedy else f"{self.what}.")

    def __reduce__(self) -> tuple[type[FallowError], tuple[str, str]]:
        """Survive the trip between processes."""
        return (type(self), (self.what, self.remedy))


class UnknownName(FallowError):
    """A name was asked for that the registry does not hold; the message lists those it does."""


class LibraryError(FallowError):
    """Something is wrong with the library folder."""


class LibraryMissing(LibraryError):
    """There is no library in the folder that was named."""


class LibraryNewer(LibraryError):
    """The library was written by a newer fallow."""


class LibraryBusy(LibraryError):
    """Another command is writing to the library."""


class LibraryDamaged(LibraryError):
    """The catalog is not a catalog or fails its integrity check."""


class DiskFull(LibraryError):
    """No room was left while writing; what was committed before is safe."""


class SourceError(FallowError):
    """Something is wrong with where papers come from."""


class SourceMissing(SourceError):
    """The file or folder does not exist or cannot be opened."""


class SourceBroken(SourceError):
    """The source ended or became unreadable part of the way; what came before it was kept."""


class SourceUnsupported(SourceError):
    """The file is not of the kind this source reads, or its reader is not installed."""


class ServiceError(SourceError):
    """A service on the network did not answer as it was asked; never to be read as an empty answer."""


class ServiceThrottled(ServiceError):
    """The service wants to be left alone until a moment that is further off than we wait.

    until: seconds since 1970, None when the service does not say.
    """

    def __init__(self, what: str, remedy: str = "", until: float | None = None) -> None:
        super().__init__(what, remedy)
        self.until = until

    def __reduce__(self) -> tuple[type[FallowError], tuple[str, str, float | None]]:  # type: ignore[override]
        """Survive the trip between processes."""
        return (type(self), (self.what, self.remedy, self.until))


class BudgetExhausted(ServiceThrottled):
    """The day's budget at a service is spent; until: when it is renewed."""


class ServiceRefused(ServiceError):
    """The service understood and said no: asking again would not help."""


class ServiceBroken(ServiceError):
    """The service cannot be reached, or kept giving answers that cannot be read."""


class AnswerTooLarge(ServiceBroken):
    """An answer beyond the bound that was set for it; nothing of it was kept."""


class CursorExpired(ServiceBroken):
    """The place where a harvest was interrupted is no longer known to the service."""


class PaperUnknown(FallowError):
    """The library holds no paper of that id."""


class BadInput(FallowError):
    """The user's text, date or option cannot be used as given."""


class EncoderError(FallowError):
    """The encoder's weights are missing, damaged or not those of the model asked for."""


class EngineError(FallowError):
    """A search engine is not installed, does not hold what the index holds, or failed at its work."""


class IndexMissing(FallowError):
    """The question needs an index that was not built yet."""


class IndexDamaged(FallowError):
    """A file of the index fails its checksum."""


class NotEnoughEvidence(FallowError):
    """The library holds too little to answer honestly."""
