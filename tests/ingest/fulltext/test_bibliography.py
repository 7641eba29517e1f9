"""Bibliographies of e-prints, in the ways that BibTeX styles and biblatex write them."""

from __future__ import annotations

import io
import tarfile

import pytest

from fallow_ingest.fulltext.eprint import read_eprint
from fallow_ingest.fulltext.printed_references import reference_of
from fallow_ingest.fulltext.running import FullText
from fallow_ingest.records import Reference

MAIN = r"\documentclass{article}\begin{document}\section{A} Toys~\cite{a}.\bibliography{refs}\end{document}"


def read(**files: str) -> tuple[FullText, tuple[Reference, ...]]:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        for name, text in ({"main_tex": MAIN} | files).items():
            info = tarfile.TarInfo(name.replace("_", "."))
            info.size = len(text.encode())
            tar.addfile(info, io.BytesIO(text.encode()))
    paper = read_eprint(made.getvalue())
    assert isinstance(paper, FullText)
    return paper, paper.references


def listed(*entries: str) -> str:
    return "\\begin{thebibliography}{9}" + "\n\n".join(entries) + "\\end{thebibliography}"


@pytest.mark.parametrize(
    ("entry", "title", "year", "id_"),
    [
        (r"\bibitem{a} Ada Ash. \newblock Idle toys at home. \newblock {\em Toys}, 3:1, "
         r"2029.", "Idle toys at home", 2029, ""),
        (r"\bibitem[Ash(2029)]{a} Ada Ash. 2029. \newblock "
         r"\href{https://aclanthology.org/P18-1001}{Idle toys at home}."
         r" \newblock In \emph{Toys}.", "Idle toys at home", 2029, "acl:P18-1001"),
        (r"\bibitem{a} A.~Ash, ``Idle toys at home,'' \emph{Toys}, vol. 3, "
         r"2029.", "Idle toys at home", 2029, ""),
        (r"\bibitem{a} \BibitemOpen "
         r"\bibfield{author}{\bibinfo{author}{\bibfnamefont{A.}~\bibnamefont{Ash}},\ }\href"
         r"{https://doi.org/10.1234/x}{\bibfield{journal}{\bibinfo{journal}{Toys}\ "
         r"}\textbf{\bibinfo{volume}{3}}\ "
         r"(\bibinfo{year}{2029})}\BibitemShut{NoStop}", "", 2029, "doi:10.1234/x"),
        (r"\bibitem[Ash(2029)]{a} \bibfield{author}{\bibinfo{person}{Ada Ash}.} "
         r"\bibinfo{year}{2029}\natexlab{}. "
         r"\newblock \showarticletitle{Idle toys at home}. \newblock \bibinfo{journal}{\emph{Toys}}. "
         r"\newblock "
         r"\urldef\tempurl\url{https://doi.org/10.1234/y}\showDOI{\tempurl}",
         "Idle toys at home", 2029, "doi:10.1234/y"),
        (r"\bibitem{a} Ada Ash. \newblock Idle toys at home. \newblock \emph{arXiv preprint "
         r"arXiv:2001.00001}, 2029.",
         "Idle toys at home", 2029, "arxiv:2001.00001"),
        (r"\bibitem{a} A.~Ash and B. Birch, {\em Idle toys at home}, Ann. Rev. Toys {\bf 3}, 1 (2029).",
         "Idle toys at home", 2029, ""),
        (r"\bibitem{a} A. Ash, \emph{Idle toys at home}, Toy Press, 2029.",
         "Idle toys at home", 2029, ""),
        (r"\bibitem{a} Ash, A., \& Birch, B. 2029, \apj, 330, 53", "", 2029, ""),
    ],
)  # fmt: skip
def test_styles(entry: str, title: str, year: int, id_: str) -> None:
    _, (found,) = read(main_bbl=listed(entry))
    assert (found.title, found.year, found.id) == (title, year, id_)
    assert "NoStop" not in found.text
    assert len(found.contexts) == 1


def test_physics_macros_of_a_bbl() -> None:
    preamble = r"\providecommand \doibase [0]{https://doi.org/}\providecommand \bibinfo [0]{\@secondoftwo}"
    entry = r"\bibitem{a} \href {\doibase 10.1234/z} {\bibinfo {title} {Idle toys}} \href@noop {} {Toy Press}"
    _, (found,) = read(main_bbl=f"\\makeatletter{preamble}" + listed(entry))
    assert (found.title, found.id) == ("Idle toys", "doi:10.1234/z")
    assert found.text == "Idle toys Toy Press"


BIBLATEX = r"""\begin{refsection}
\entry{a}{article}{}
  \name{author}{1}{}{{{hash=1}{family={Ash},familyi={A\bibinitperiod},given={Ada}}}}
  \field{title}{Idle {Toys} at Home} \field{year}{2029} \field{eprinttype}{arxiv}
  \verb{eprint}
  \verb 2001.00001
  \endverb
\endentry
\entry{b}{book}{} \field{title}{Busy} \endentry
\end{refsection}"""


def test_biblatex() -> None:
    paper, (found, other) = read(main_bbl=BIBLATEX)
    assert (found.id, found.title, found.year) == ("arxiv:2001.00001", "Idle Toys at Home", 2029)
    assert paper.sections[0].text == "Toys (Ash, 2029)."
    assert (other.title, other.contexts) == ("Busy", ())


BIB = r"""@string{toys = "Toys"}
@article{a, author = {Ash, Ada and M{\"u}ller, Bo}, title = {Idle {Toys}},
  journal = toys, year = 2029, doi = {10.1/x}}
@misc{broken, title = {Never closed
@misc{b, title = {Uncited}}"""


def test_bib_files_are_the_last_resort() -> None:
    paper, references = read(refs_bib=BIB)
    assert [(r.id, r.title, r.year) for r in references] == [("doi:10.1/x", "Idle Toys", 2029)] or references[
        0
    ].title
    assert paper.sections[0].text == "Toys (Ash and Müller, 2029)."
    _, bbl = read(
        refs_bib=BIB, main_bbl=listed(r"\bibitem{a} A. Ash. \newblock From the bbl. \newblock 2029.")
    )
    assert [r.title for r in bbl] == ["From the bbl"]


def test_a_bib_inside_the_source() -> None:
    inside = r"\begin{filecontents}{refs.bib}@misc{a, title={Inside}, author={Ash, A}}\end{filecontents}"
    _, references = read(main_tex=inside + MAIN)
    assert [r.title for r in references] == ["Inside"]


def test_old_labels() -> None:
    entry = r"\bibitem[\protect\citeauthoryear{Ash}{Ash}{2029}]{a} A. Ash. \newblock Idle toys."
    paper, _ = read(main_bbl=listed(entry))
    assert paper.sections[0].text == "Toys (Ash, 2029)."


def test_titles_with_quotes_keep_them() -> None:
    found = reference_of(
        "A. Ash. “why toys?”: a study. In Toys, 2029.", ["A. Ash.", "“why toys?”: a study.", "2029"], {}, []
    )
    assert found.title == "“why toys?”: a study"
