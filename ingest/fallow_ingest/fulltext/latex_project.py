"""The files of an e-print: which one is the paper, and which one a name in it means."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Mapping

from fallow_ingest.sources.json_lines import to_text

_CLASS = re.compile(r"^[^%\n]*\\document(?:class|style)\b\s*(?:\[[^\]]*\])?\s*\{?([^}\s]*)", re.MULTILINE)
_BEGIN = re.compile(r"^[^%\n]*\\begin\s*\{document\}", re.MULTILINE)
_INPUT = re.compile(r"^[^%\n]*?\\(?:input|include|subfile)\s*\{?\s*([^}\s]+)", re.MULTILINE)
_ABSTRACT = re.compile(r"^[^%\n]*\\(?:begin\s*\{abstract\}|abstract\b)", re.MULTILINE)
_TITLE = re.compile(r"^[^%\n]*\\(?:icml)?title\b", re.MULTILINE)
_SOURCES = (".tex", ".ltx", ".latex")
_USUAL = ("ms", "main", "paper", "article", "arxiv", "root", "manuscript", "final")
_SUPPLEMENT = re.compile(
    r"supp|appendix|append|response|rebuttal|cover|letter|diff|old|backup|template|sample|example|highlights|poster|slides"
)


class Project:
    """The texts of one e-print by their path.

    mended: whether bytes of some file were no UTF-8.
    """

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = files
        self._texts: dict[str, str] = {}
        self._by_name: dict[str, list[str]] = {}
        for path in files:
            self._by_name.setdefault(posixpath.basename(path).lower(), []).append(path)
        self.mended = False
        self.written: dict[str, str] = {}

    def paths(self, *suffixes: str) -> list[str]:
        """Paths with one of these suffixes, sorted."""
        return sorted(path for path in self._files if path.lower().endswith(suffixes))

    def text(self, path: str) -> str:
        """The text of a file, line ends as one sign each."""
        if path in self.written:
            return self.written[path]
        if path not in self._texts:
            text, mended = to_text(self._files[path])
            self.mended = self.mended or mended
            self._texts[path] = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")
        return self._texts[path]

    def write(self, name: str, text: str) -> None:
        r"""Note a file that the source itself writes (\begin{filecontents}); archived ones win."""
        if name not in self._files and len(self.written) < 100:
            self.written.setdefault(name, text)

    def find(self, name: str, folder: str = "", beside: str = "") -> str | None:
        """The path that a name in the source means: from the top, beside the file that says it, or its like.

        Names that lead out of the archive mean nothing.
        """
        name = name.strip().strip('"').replace("\\", "/")
        if not name or len(name) > 300:
            return None
        for start in dict.fromkeys((folder, "", posixpath.dirname(beside))):
            path = posixpath.normpath(posixpath.join(start, name))
            for candidate in (path, f"{path}.tex"):
                if candidate in self._files or candidate in self.written:
                    return candidate
        last = posixpath.basename(name).lower()
        for candidate in (last, f"{last}.tex"):
            alike = self._by_name.get(candidate, [])
            if len(alike) == 1:
                return alike[0]
        return None

    def main_file(self) -> str | None:
        """The file that a compiler would be given; None when no file looks like LaTeX.

        arXiv's own 00README names it first; else it is a file with a document class that no other file
        reads, best with an abstract, a bibliography of its own and a usual name.
        """
        named = self._named_by_readme()
        if named is not None:
            return named
        sources = self.paths(*_SOURCES) or [path for path in sorted(self._files) if self._is_tex(path)]
        if not sources:
            return None
        whole = [path for path in sources if _CLASS.search(self.text(path))]
        if not whole:
            return max(sources, key=lambda path: len(self.text(path)))
        included = {found for path in whole for found in self._included(path)}
        tops = [path for path in whole if path not in included] or whole
        return max(tops, key=self._score)

    def _score(self, path: str) -> tuple[float, int]:
        text = self.text(path)
        stem = posixpath.splitext(path)[0].lower()
        kind = _CLASS.search(text)
        name = posixpath.basename(stem)
        score = 2.0 * bool(_BEGIN.search(text)) + bool(_ABSTRACT.search(text)) + bool(_TITLE.search(text))
        score += any(other.lower() == f"{stem}.bbl" for other in self._files)
        score += 0.5 * (name in _USUAL) - 0.5 * path.count("/") - 1.5 * bool(_SUPPLEMENT.search(name))
        score -= 3 * (
            kind is not None and kind[1] in ("subfiles", "standalone", "beamer", "letter", "a0poster")
        )
        return score, len(text)

    def _included(self, path: str) -> list[str]:
        found = (self.find(name, "", path) for name in _INPUT.findall(self.text(path))[:500])
        return [other for other in found if other is not None and other != path]

    def _is_tex(self, path: str) -> bool:
        text = self.text(path)[:200_000]
        return "\\" in text and bool(
            _CLASS.search(text) or "\\begin" in text or "\\input" in text or "\\bye" in text
        )

    def _named_by_readme(self) -> str | None:
        for path in self._files:
            name = posixpath.basename(path).lower()
            if not name.startswith("00readme"):
                continue
            found = _top_of_readme(self.text(path)[:100_000], name)
            if found is not None and (known := self.find(found, "", path)) is not None:
                return known
        return None


def _top_of_readme(text: str, name: str) -> str | None:
    """The top-level file that arXiv's 00README.XXX ("main.tex toplevelfile") or .json or .yaml names."""
    if name.endswith(".json"):
        try:
            told = json.loads(text)
        except (ValueError, RecursionError):
            return None
        sources = told.get("sources") if isinstance(told, dict) else None
        for source in sources if isinstance(sources, list) else []:
            if isinstance(source, dict) and source.get("usage") == "toplevel":
                filename = source.get("filename")
                return filename if isinstance(filename, str) else None
        return None
    found = re.search(r"^\s*(\S+)\s+toplevelfile\s*$", text, re.MULTILINE)
    if found is None:
        found = re.search(r"filename:\s*['\"]?([^'\"\s]+)['\"]?\s*\n\s*usage:\s*['\"]?toplevel", text)
    return found[1] if found else None
