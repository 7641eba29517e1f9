r"""How well e-prints, JATS and TEI are read, on the recorded ones of ../shared/data/fixtures.

Nothing lost: headings, \bibitem and \cite counted in the raw source by regular expressions of this script
(comments taken out, \input followed), against what was read; the same for <ref> and <xref ref-type="bibr">
of JATS. Clean: commands, braces, ties and empty brackets left in the text outside formulas; the baseline is
the source stripped of commands by the ten lines of regular expressions that people write for this. LaTeX
against PDF: when a TeX engine is installed the sources are compiled and read again by the PDF source; pairs
(NAME.gz and NAME.pdf in one folder, --pairs) are compared in the same way. GROBID's TEI against the PDF
source on the same two papers. Mistakes: one brace, dollar or \begin too many, anywhere. Fuzz: mutated
archives, sources and XML; crashes, longest time, memory.

    python benchmarks/latex.py [--data ../shared/data] [--pairs FOLDER] [--fuzz 500]
"""

from __future__ import annotations

import argparse
import gzip
import io
import json
import random
import re
import resource
import shutil
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from fallow_ingest.fulltext.eprint import read_eprint
from fallow_ingest.fulltext.jats import read_jats
from fallow_ingest.fulltext.running import FullText
from fallow_ingest.fulltext.tei import read_tei
from fallow_ingest.records import Paper
from fallow_ingest.sources import Read
from fallow_ingest.sources.json_lines import Unreadable
from fallow_ingest.sources.pdf import PdfSource
from fallow_ingest.text.normalise import fold
from fallow_ingest.text.sections import without_number

HEADINGS = r"\\(?:section|subsection|subsubsection|paragraph|subparagraph)\*?\s*(?:\[[^\]]*\])?\s*\{"
CITES = r"\\[Cc]ite[a-z]*\*?\s*(?:\[[^\]]*\]\s*){0,2}\{([^}]*)\}"
LEFTOVER = re.compile(r"\\[A-Za-z]+|[{}~]|\(\s*\)|\[\s*\]|``|''")
FORMULA = re.compile(r"\$[^$]*\$")


def raw_source(data: bytes) -> str:
    """The whole source as one text: comments out, every \\input put in its place, the .bbl at the end."""
    files: dict[str, str] = {}
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(data))) as archive:
        for member in archive:
            if member.isreg() and not Path(member.name).name.startswith("._"):
                content = archive.extractfile(member)
                if content is not None and member.name.endswith((".tex", ".bbl")):
                    files[member.name.removeprefix("./")] = content.read().decode("utf-8", "replace")
    bare = {name: re.sub(r"(?<!\\)%.*", "", text) for name, text in files.items()}
    main = next(name for name, text in bare.items() if r"\documentclass" in text)
    text = bare[main]
    for _ in range(5):
        text = re.sub(
            r"\\(?:input|include)\{([^}]*)\}",
            lambda found: bare.get(found[1], bare.get(f"{found[1]}.tex", "")),
            text,
        )
    body = text[text.index(r"\begin{document}") :]
    bibliography = "".join(content for name, content in bare.items() if name.endswith(".bbl"))
    return re.sub(r"\\iffalse.*?\\fi", "", body, flags=re.DOTALL) + bibliography


def baseline_text(source: str) -> str:
    """What ten lines of regular expressions make of a source."""
    text = re.sub(
        r"\\begin\{(figure|table|equation|align)\*?\}.*?\\end\{\1\*?\}", " ", source, flags=re.DOTALL
    )
    text = re.sub(CITES, "", text)
    text = re.sub(r"\\(?:label|ref|vspace|input)\{[^}]*\}", "", text)
    text = re.sub(r"\\(?:begin|end)\{[^}]*\}", "", text)
    return re.sub(r"\\[a-zA-Z]+\*?\s?\{([^{}]*)\}", r"\1", text)


def leftovers(text: str) -> int:
    return len(LEFTOVER.findall(FORMULA.sub("", text)))


def found_headings(source: str, told: str) -> tuple[int, int]:
    """(headings in the source, those of them whose words the text or a heading of it holds)."""
    headings = [
        source[found.end() : source.find("}", found.end())] for found in re.finditer(HEADINGS, source)
    ]
    pieces = [[fold(piece) for piece in re.split(r"\\[A-Za-z]+|\\.|[${}]", heading)] for heading in headings]
    return len(headings), sum(all(piece in told for piece in words) for words in pieces)


def nothing_lost(path: Path) -> dict[str, Any]:
    data = path.read_bytes()
    source = raw_source(data)
    started = time.perf_counter()
    paper = read_eprint(data)
    seconds = time.perf_counter() - started
    assert isinstance(paper, FullText)
    text = "\n".join([paper.abstract, *(section.text for section in paper.sections)])
    told = fold(" ".join([text, *(section.heading for section in paper.sections)]))
    headings, found = found_headings(source, told)
    prose = re.sub(r"\\begin\{(figure|table)\*?\}.*?\\end\{\1\*?\}", "", source, flags=re.DOTALL)
    keys = set(re.findall(r"\\bibitem(?:\[(?:[^\[\]]|\n)*?\])?\s*\{([^}]*)\}", source))
    cited = {key.strip() for said in re.findall(CITES, prose) for key in said.split(",")} & keys
    return {
        "headings_in_source": headings,
        "headings_found": found,
        "sections_read": len(paper.sections),
        "bibitems_in_source": len(keys),
        "references_read": len(paper.references),
        "with_title": sum(bool(r.title) for r in paper.references),
        "with_id": sum(bool(r.id) for r in paper.references),
        "cited_outside_floats": len(cited),
        "cited_with_context": sum(bool(r.contexts) for r in paper.references),
        "contexts": sum(len(r.contexts) for r in paper.references),
        "leftovers": leftovers(text),
        "leftovers_baseline": leftovers(baseline_text(source.split(r"\begin{thebibliography}")[0])),
        "characters": len(text),
        "seconds": seconds,
    }


def jats_counts(path: Path) -> dict[str, Any]:
    data = path.read_bytes()
    body = data[data.index(b"<body") :]
    paper = read_jats(data)
    assert isinstance(paper, FullText)
    return {
        "refs_in_source": len(re.findall(rb"<ref[ >]", data)),
        "references_read": len(paper.references),
        "cited_in_source": len(
            set(re.findall(rb'ref-type="bibr"[^>]* rid="([^"]*)"|rid="([^"]*)"[^>]* ref-type="bibr"', body))
        ),
        "cited_with_context": sum(bool(r.contexts) for r in paper.references),
        "titled_sections_in_source": len(re.findall(rb"<sec[ >]", data)),
        "sections_read": len(paper.sections),
    }


def agreement(one: Iterable[str], other: Iterable[str]) -> float:
    """F1 of two sets of headings or titles, compared as letters and digits."""
    first, second = ({fold(text).replace(" ", "") for text in texts if text} for texts in (one, other))
    common = len(first & second)
    return 2 * common / (len(first) + len(second)) if first or second else 1.0


def contained(some: Iterable[str], others: Iterable[str]) -> float:
    """The share of the first that the second hold."""
    first, second = ({fold(text).replace(" ", "") for text in texts if text} for texts in (some, others))
    return len(first & second) / len(first) if first else 1.0


def read_pdf(path: Path) -> Paper | None:
    return next((outcome.paper for outcome in PdfSource().read(path) if isinstance(outcome, Read)), None)


def against_pdf(told: FullText, pdf: Path) -> dict[str, Any]:
    paper = read_pdf(pdf)
    if paper is None:
        return {"pdf_read": False}
    return {
        "title_same": fold(told.title) == fold(paper.title),
        "headings_f1": agreement(
            (s.heading for s in told.sections), (without_number(s.heading) for s in paper.sections)
        ),
        "pdf_headings_in_other": contained(
            (without_number(s.heading) for s in paper.sections), (s.heading for s in told.sections)
        ),
        "reference_titles_f1": agreement(
            (r.title for r in told.references), (r.title for r in paper.references)
        ),
        "references": (len(told.references), len(paper.references)),
        "with_id": (sum(bool(r.id) for r in told.references), sum(bool(r.id) for r in paper.references)),
        "contexts": tuple(sum(len(r.contexts) for r in p.references) for p in (told, paper)),
    }


def compiled(path: Path, folder: Path) -> Path | None:
    """The PDF that a TeX engine makes of an e-print, run without shell escape; None when it makes none."""
    engine = next((name for name in ("tectonic", "latexmk", "pdflatex") if shutil.which(name)), None)
    paper = read_eprint(path.read_bytes())
    if engine is None or isinstance(paper, Unreadable):
        return None
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(path.read_bytes()))) as archive:
        archive.extractall(folder, filter="data")
    main = str(paper.extra["main_file"])
    command = {
        "tectonic": ["tectonic", main],
        "latexmk": ["latexmk", "-pdf", "-interaction=nonstopmode", "-no-shell-escape", main],
        "pdflatex": ["pdflatex", "-interaction=nonstopmode", "-no-shell-escape", main],
    }[engine]
    for _ in range(2 if engine == "pdflatex" else 1):
        subprocess.run(command, cwd=folder, capture_output=True, timeout=300, check=False)
    made = folder / f"{Path(main).stem}.pdf"
    return made if made.exists() else None


def fuzz(seeds: list[tuple[bytes, Callable[[bytes], object]]], runs: int, seed: int = 7) -> dict[str, Any]:
    """Mutations of whole inputs: bytes changed, cut, doubled, brackets and backslashes strewn in."""
    chance = random.Random(seed)
    slowest = 0.0
    outcomes: dict[str, int] = {}
    for _ in range(runs):
        content, reader = chance.choice(seeds)
        data = bytearray(content)
        for _ in range(chance.choice((1, 3, 30, 300))):
            at = chance.randrange(len(data) + 1)
            kind = chance.randrange(4)
            if kind == 0:
                data[at : at + 1] = bytes([chance.randrange(256)])
            elif kind == 1:
                data[at:at] = chance.choice(
                    (b"{", b"}", b"\\", b"$", b"\\begin{", b"\\def\\x{\\x\\x}\\x", b"<", b"&", b"%")
                )
            elif kind == 2:
                del data[at : at + chance.choice((1, 10, 1_000))]
            else:
                data[at:at] = data[at : at + chance.choice((10, 1_000, 50_000))]
        started = time.perf_counter()
        result = reader(bytes(data))
        slowest = max(slowest, time.perf_counter() - started)
        name = result.reason if isinstance(result, Unreadable) else "read"
        outcomes[name] = outcomes.get(name, 0) + 1
    return {
        "runs": runs,
        "crashes": 0,
        "slowest_seconds": slowest,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "outcomes": outcomes,
    }


def fuzz_seeds(folder: Path) -> list[tuple[bytes, Callable[[bytes], object]]]:
    seeds: list[tuple[bytes, Callable[[bytes], object]]] = []
    for path in sorted(folder.glob("latex__*.gz")):
        packed = path.read_bytes()
        small = io.BytesIO()
        with (
            tarfile.open(fileobj=io.BytesIO(gzip.decompress(packed))) as whole,
            tarfile.open(fileobj=small, mode="w") as kept,
        ):
            for member in whole:
                if member.isreg() and member.name.endswith((".tex", ".bbl", ".sty")):
                    kept.addfile(member, whole.extractfile(member))
        seeds += [(packed, read_eprint), (small.getvalue(), read_eprint), (small.getvalue(), read_eprint)]
    seeds += [(path.read_bytes(), read_jats) for path in sorted(folder.glob("*.nxml"))]
    seeds += [(path.read_bytes(), read_tei) for path in sorted(folder.glob("*.tei.xml"))]
    return seeds


ERRORS = (
    b"{", b"}", b"$", b"$$", b"\\begin{", b"\\begin{figure}", b"\\begin{equation}", b"\\iftrue ",
    b"\\iffalse ",
    b"\\[", b"\\section{", b"\\footnote{", b"%", b"\\verb|", b"\\newcommand{\\x}{", b"\\cite{",
)  # fmt: skip


def one_error(path: Path, each: int = 5, seed: int = 7) -> dict[str, Any]:
    """The share of text that stays when one mistake is made anywhere in the body."""
    chance = random.Random(seed)
    files: dict[str, bytes] = {}
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(path.read_bytes()))) as archive:
        for member in archive:
            content = archive.extractfile(member) if member.isreg() else None
            if content is not None and member.name.endswith((".tex", ".bbl")) and "._" not in member.name:
                files[member.name] = content.read()
    whole = read_packed(files)
    body = [name for name, text in files.items() if name.endswith(".tex") and b"\\section" in text]
    kept: list[float] = []
    for error in ERRORS:
        for _ in range(each):
            name = chance.choice(body)
            at = chance.randrange(files[name].find(b"\\section"), len(files[name]))
            told = read_packed(files | {name: files[name][:at] + error + files[name][at:]})
            kept.append(told[0] / whole[0])
    kept.sort()
    return {"errors": len(kept), "text_kept_worst": kept[0], "text_kept_median": kept[len(kept) // 2]}


def read_packed(files: dict[str, bytes]) -> tuple[int, int]:
    """(characters, references) of what is read of some files."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    told = read_eprint(packed.getvalue())
    if isinstance(told, Unreadable):
        return 0, 0
    return sum(len(section.text) for section in told.sections), len(told.references)


def show(title: str, figures: dict[str, Any]) -> None:
    print(title)
    for name, value in figures.items():
        print(f"    {name:28} {value:.3f}" if isinstance(value, float) else f"    {name:28} {value}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[2] / "shared/data")
    parser.add_argument("--pairs", type=Path, help="a folder with NAME.gz (or .tar.gz) and NAME.pdf")
    parser.add_argument("--fuzz", type=int, default=500)
    options = parser.parse_args()
    folder = options.data / "fixtures/s2orc_grobid_latex"
    figures: dict[str, Any] = {}
    for path in sorted(folder.glob("latex__*.gz")):
        figures[path.name] = nothing_lost(path)
        figures[f"{path.name}, one mistake in it"] = one_error(path)
    for path in sorted(folder.glob("*.nxml")):
        figures[path.name] = jats_counts(path)
    for path in sorted(folder.glob("*.tei.xml")):
        paper = read_tei(path.read_bytes())
        pdf = path.with_name(path.name.removesuffix(".tei.xml") + ".pdf")
        if isinstance(paper, FullText) and pdf.exists():
            figures[f"{path.name}, GROBID against our PDF source"] = against_pdf(paper, pdf)
    with tempfile.TemporaryDirectory() as made:
        for path in sorted(folder.glob("latex__*.gz")):
            pdf_made = compiled(path, Path(made))
            if pdf_made is not None:
                told = read_eprint(path.read_bytes())
                assert isinstance(told, FullText)
                figures[f"{path.name}, LaTeX against the PDF made of it"] = against_pdf(told, pdf_made)
    if not any("made of it" in name for name in figures):
        print("No TeX engine is installed: the fixtures' sources cannot be compiled and read again as PDFs.")
    for path in sorted(options.pairs.glob("*.gz")) if options.pairs else ():
        told_pair = read_eprint(path.read_bytes())
        pdf = path.with_name(path.name.removesuffix(".gz").removesuffix(".tar") + ".pdf")
        if isinstance(told_pair, FullText) and pdf.exists():
            figures[f"{path.name}, LaTeX against its PDF"] = against_pdf(told_pair, pdf)
    figures["fuzz"] = fuzz(fuzz_seeds(folder), options.fuzz)
    for name, value in figures.items():
        show(name, value)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
