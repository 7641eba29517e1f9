"""LaTeX read as text: macros, structure, citations, hostile sources."""

from __future__ import annotations

import io
import re
import tarfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fallow_ingest.fulltext.eprint import read_eprint
from fallow_ingest.fulltext.running import FullText
from fallow_ingest.records import Section
from fallow_ingest.sources.json_lines import Unreadable

BIB = r"""\begin{thebibliography}{9}
\bibitem[Ash and Birch(2029)]{ash} Ada Ash and Bo Birch. 2029. \newblock Idle toys. \newblock In \emph{Toys}.
\bibitem[{Cedar et~al.(2030{\natexlab{a}})Cedar, Doe, and Elm}]{cedar} Cy Cedar, D. Doe, and E. Elm. 2030a.
\newblock \href{https://doi.org/10.1234/x}{Busy toys in the wild}. \newblock \emph{Toy Letters}, 3:1--9.
\end{thebibliography}"""


def packed(files: dict[str, str]) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as tar:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            content = text.encode()
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return made.getvalue()


def read(body: str, preamble: str = "", **files: str) -> FullText:
    source = f"\\documentclass{{article}}\n{preamble}\n\\begin{{document}}\n{body}\n\\end{{document}}\n"
    found = read_eprint(packed({"main.tex": source} | {f"{k}.tex": v for k, v in files.items()}))
    assert isinstance(found, FullText), found
    return found


def text(body: str, preamble: str = "", **files: str) -> str:
    return "\n\n".join(s.text for s in read(f"\\section{{A}} {body}", preamble, **files).sections)


@pytest.mark.parametrize(
    ("written", "printed"),
    [
        (r"50\% of \$5 \& \#1 \_x \{y\}", "50% of $5 & #1 _x {y}"),
        (
            r"Schr\"odinger, Nov\'{a}k, \c{c}a, \v s, na\"{\i}ve, \o re",
            "Schrödinger, Novák, ça, š, naïve, øre",
        ),
        (r"``quoted'' `single' pp.~1--2 --- so", "“quoted” ‘single' pp. 1–2 — so"),
        (r"\emph{a \textbf{b} {\it c}} \textsc{D} {\small e}", "a b c D e"),
        (r"$x_1$ and \(y\) and $\alpha$-toys", "$x_1$ and $y$ and $\\alpha$-toys"),
        (r"It is \[ E = mc^2. \] So", "It is [formula]. So"),
        (r"Here \begin{equation}\label{e} a=b,\end{equation} see \eqref{e}.", "Here [formula], see (1)."),
        (r"word\footnote{Never \emph{here}.} goes on", "word goes on"),
        (r"a % comment with {braces" + "\nb", "a b"),
        (r"a\iffalse hidden \ifx\a\b x\fi\else shown\fi b", "ashownb"),
        (r"a \begin{comment} no \end{nonsense} \end{comment} b", "a b"),
        (r"a \verb|\x{%| b", r"a \x{% b"),
        (r"\url{http://a.b/%7Ex_y} \href{http://c}{words}", "http://a.b/%7Ex_y words"),
        (r"\begin{itemize}\item One.\item[Two] Three.\end{itemize} Four.", "One.\n\nTwo Three.\n\nFour."),
        (r"\textcolor{red}{kept} \vspace{-2pt}\hspace*{1em} \vskip 2pt plus 1fil text", "kept text"),
        (r"a\\[2pt] b \hfill c \noindent d", "a b c d"),
        (r"\unknown[opt]{kept} \other text", "kept text"),
        (r"the 10$^{th}$ and 2$^\text{nd}$ toy$^{\dagger}$", "the 10th and 2nd toy"),
        (r"cost \$5 (\ref{nowhere}) and [\ref{x}, \ref{y}].", "cost $5 and."),
        (r"{\bf Broken brace and \textbf{more", "Broken brace and more"),
        (r"a lone $ dollar, then one more paragraph", "a lone dollar, then one more paragraph"),
        (r"\SI{3}{cm} \gls{toy} \enquote{q} \mbox{x y}", "3 cm toy q x y"),
        (r"\begin{tabular}{ll}no & no\\\end{tabular} yes", "yes"),
        (r"\ensuremath{\beta}-VAE", "$\\beta$-VAE"),
    ],
)
def test_commands(written: str, printed: str) -> None:
    assert text(written) == printed


@pytest.mark.parametrize(
    ("preamble", "written", "printed"),
    [
        (r"\newcommand{\toy}{\textsc{Toy}\xspace}", r"\toy is, \toy, \toy{} x", "Toy is, Toy, Toy x"),
        (r"\newcommand{\two}[2][one]{#1-#2}", r"\two{b} \two[a]{b}", "one-b a-b"),
        (r"\def\pair#1#2{#2#1}", r"\pair ab \pair{x}{y}", "ba yx"),
        (r"\def\upto#1.{<#1>}", r"\upto here. there", "<here> there"),
        (r"\renewcommand{\emph}[1]{*#1*}", r"\emph{x}", "*x*"),
        (r"\let\strong\textbf", r"a \strong{x}", "a x"),
        (r"\DeclareMathOperator*{\argmax}{arg\,max}", r"$\argmax_x$", r"$\operatorname*{arg\,max}_x$"),
        (r"\newif\iflong \longtrue", r"\iflong long\else short\fi", "long"),
        (r"\newif\iflong", r"\iflong long\else short\fi", "short"),
        (r"\NewDocumentCommand{\opt}{O{z} m}{#1#2}", r"\opt{a} \opt[b]{a}", "za ba"),
        (r"\newcommand{\R}{\mathbb{R}}", r"$x \in \R$", r"$x \in\mathbb{R}$"),
        (r"\newenvironment{shout}{Hear: }{!}", r"\begin{shout}now\end{shout}", "Hear: now!"),
        (
            r"\newtheorem{toythm}{Toy Theorem}",
            r"\begin{toythm}\label{t} X.\end{toythm} \ref{t}",
            "Toy Theorem 1. X. 1",
        ),
        (r"\providecommand{\x}{a}\providecommand{\x}{b}", r"\x", "a"),
        (r"\makeatletter\def\my@x{in}\def\out{\my@x side}\makeatother", r"\out", "inside"),
    ],
)
def test_definitions(preamble: str, written: str, printed: str) -> None:
    assert text(written, preamble).replace("\n\n", " ") == printed


def test_structure() -> None:
    paper = read(
        r"""\maketitle \begin{abstract} We \emph{play}. \end{abstract}
        \section*{Introduction}\label{i} One.
        \section[short]{Method \& Data} \subsection{Toys} Two.
        \subsubsection{Deep} Three. \section{Discussion} Four. \paragraph{Limitations.} Five.

        More of five. \paragraph{Costs} Six.

        \textbf{Ethics statement.} Seven.

        Eight. \appendix \section{Proofs} Nine. \section*{References}""",
        r"\title[s]{On \emph{Toys}\thanks{x}\\ and Play} \author{Ada Ash$^{1}$, Bo "
        r"Birch\textsuperscript{2} \\ "
        r"$^1$University of Play \and Cy von Cedar\thanks{y}\\ Toy Inc.}",
    )
    assert paper.title == "On Toys and Play"
    assert paper.authors == ("Ada Ash", "Bo Birch", "Cy von Cedar")
    assert paper.abstract == "We play."
    assert paper.sections == (
        Section("Introduction", "One.", "introduction"),
        Section("Toys", "Two.", "data"),
        Section("Deep", "Three.", "data"),
        Section("Discussion", "Four.\n\nCosts. Six.\n\nEight.", "discussion"),
        Section("Limitations", "Five.\n\nMore of five.", "limitations"),
        Section("Ethics statement", "Seven.", "ethics"),
        Section("Proofs", "Nine.", "appendix"),
    )


@pytest.mark.parametrize(
    "preamble",
    [
        r"\icmltitle{T}\begin{icmlauthorlist}\icmlauthor{Ada Ash}{x}\icmlauthor{Bo "
        r"Birch}{y}\end{icmlauthorlist}",
        r"\title{T}\author[1]{Ada Ash}\author[2]{Bo Birch}\affil[1]{University of Play}",
        r"\title{T}\author{\IEEEauthorblockN{Ada Ash} \IEEEauthorblockA{Toy Inc.} \and "
        r"\IEEEauthorblockN{Bo Birch}}",
        r"\title{T}\author{Ada Ash\inst{1} \and Bo Birch\inst{2}}\institute{University of Play \and "
        r"Toy Inc.}",
        r"\title{T}\author{Ada Ash}\email{a@b.c}\affiliation{\institution{Toy Inc.}}\author{Bo Birch}",
        r"\title{T}\author{Ada Ash \quad Bo Birch \\ University of Play \\ \texttt{\{a,b\}@c.de}}",
        r"\title{T}\author{{\bf Ada Ash}$^*$ \And {\bf Bo Birch} \\ Department of Play \\ New York}",
        r"\title{T}\author{\begin{tabular}{c} Ada Ash \\ Toy Inc. \end{tabular} \and Bo Birch}",
    ],
)
def test_titles_and_authors_of_many_classes(preamble: str) -> None:
    paper = read(r"\maketitle\section{A} Text.", preamble)
    assert (paper.title, paper.authors) == ("T", ("Ada Ash", "Bo Birch"))


@pytest.mark.parametrize(
    "written",
    [r"\emph{Conclusions.---}We won.", r"\textit{Conclusions}---We won.", r"{\bf Conclusions:} We won."],
)
def test_letters_head_their_paragraphs_within_the_text(written: str) -> None:
    paper = read(f"Toys play. They win a lot.\n\n{written}\n\nMore.")
    assert [(s.heading, s.text, s.kind) for s in paper.sections] == [
        ("", "Toys play. They win a lot.\n\nMore.", "other"),
        ("Conclusions", "We won.", "conclusion"),
    ]


def test_floats_are_left_out_and_numbered() -> None:
    paper = read(
        r"\section{A} See \autoref{t}, Fig.~\ref{f}, \cref{f,t} and Section~\ref{a}. "
        r"\begin{figure}[t!]\centering"
        r"\includegraphics[width=1cm]{x.png}\caption{Toys of \citet{ash}. Big "
        r"ones.}\label{f}\end{figure} After."
        r"\begin{table*}\caption{T}\label{t}\begin{tabular}{c}a & "
        r"b\end{tabular}\end{table*}\subsection{B}\label{a} C." + BIB
    )
    assert paper.sections[0].text == "See Table 1, Fig. 1, Figures 1 and 1 and Section 1.1. After."
    assert [(c.text, c.section) for c in paper.references[0].contexts] == [
        ("Toys of Ash and Birch (2029).", -1)
    ]


@pytest.mark.parametrize(
    ("command", "printed"),
    [
        (r"\cite{ash}", "(Ash and Birch, 2029)"),
        (r"\citep[see][Sec.~2]{ash,cedar}", "(see Ash and Birch, 2029; Cedar et al., 2030a, Sec. 2)"),
        (r"\citet{cedar}", "Cedar et al. (2030a)"),
        (r"\citealp{ash}", "Ash and Birch, 2029"),
        (r"\citeauthor{ash}'s (\citeyear{ash})", "Ash and Birch's (2029)"),
        (r"\textcite{ash}", "Ash and Birch (2029)"),
        (r"\parencite{nobody}", "[nobody]"),
    ],
)
def test_citations(command: str, printed: str) -> None:
    paper = read(rf"\section{{A}} Toys idle {command} a lot. They break." + BIB)
    assert paper.sections[0].text == f"Toys idle {printed} a lot. They break."
    for reference in paper.references:
        for context in reference.contexts:
            assert context.text == f"Toys idle {printed} a lot."
            assert paper.sections[context.section].text[context.start : context.end] == context.text


def test_numbered_bibliographies() -> None:
    paper = read(r"\section{A} Toys~\cite{b,a}. \begin{thebibliography}{9}\bibitem{a} A. Ash. "
            r"X.\bibitem{b} B. Birch. Y."
                 r"\end{thebibliography}")  # fmt: skip
    assert paper.sections[0].text == "Toys [2, 1]."


def test_files_of_a_paper() -> None:
    body = r"\input{parts/one} \include{two}\subfile{three}\import{sub/}{four} \input ../../x \input{main}"
    found = text(
        body,
        **{
            "parts/one": "One \\input{parts/one}. \\endinput hidden",
            "two": "Two.",
            "three": r"\documentclass[main]{subfiles}\begin{document}Three.\end{document} hidden",
            "sub/four": "Four \\input{five}",
            "sub/five": "five.",
        },
    )
    assert found.replace("\n\n", " ") == "One. Two. Three. Four five."


def test_the_main_file_is_found() -> None:
    paper = (
        "\\documentclass{article}\\title{Right}\\begin{document}\\section{A} x \\input{part}\\end{document}"
    )
    other = "\\documentclass{article}\\title{Wrong}\\begin{document}\\section{A} y\\end{document}"
    part = "\\documentclass{subfiles}\\begin{document}z\\end{document}"
    for files in (
        {"paper.tex": paper, "part.tex": part, "supplement.tex": other + "%" * 5_000},
        {
            "00README.XXX": "zz.tex toplevelfile\nmain.tex ignore",
            "zz.tex": paper,
            "main.tex": other,
            "part.tex": part,
        },
        {
            "00README.json": '{"sources":[{"usage":"toplevel","filename":"zz.tex"}]}',
            "zz.tex": paper,
            "main.tex": other,
        },
        {"response.tex": other, "paper.tex": paper, "paper.bbl": BIB, "part.tex": part},
        {"% notes.txt": "x", "paper": paper},
    ):
        found = read_eprint(packed(files))
        assert isinstance(found, FullText)
        assert found.title == "Right"


def test_style_files_bring_plain_definitions() -> None:
    sty = r"\newcommand{\toys}{idle toys}\def\section{\@start}\newcommand\in{\@bad}\newcommand{\emph}[1]{no}"
    body = r"\begin{document}\section{A}\emph{Six} \toys\in{}.\end{document}"
    main = r"\documentclass{article}\usepackage{my}" + body
    found = read_eprint(packed({"main.tex": main, "my.sty": sty}))
    assert isinstance(found, FullText)
    assert found.sections == (Section("A", "Six idle toys.", "other"),)


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("%auto-ignore\nThis paper has been withdrawn by the author.", "withdrawn: no source"),
        ("Just some words without any command.", "no LaTeX in the archive"),
        ("\\documentclass{article}\\begin{document}\\end{document}", "no text in the source"),
    ],
)
def test_sources_without_text(source: str, why: str) -> None:
    found = read_eprint(source.encode())
    assert isinstance(found, Unreadable)
    assert found.reason == why


BOMBS = {
    "recursion": r"\def\a{x\a}\a",
    "doubling": r"\def\a{\a\a}\a",
    "laughs": "".join("\\def\\" + chr(98 + i) + "{" + ("\\" + chr(97 + i)) * 10 + "}" for i in range(20))
    + r"\u",
    "arguments": r"\def\d#1{#1#1}" + r"\d{" * 60 + "x" + "}" * 60,
    "mutual": r"\newcommand{\p}[1]{\q{#1#1}}\newcommand{\q}[1]{\p{#1}}\p{x}",
    "braces": "{" * 50_000 + "}" * 40_000,
    "headings": r"\section{" * 3_000,
    "begin": r"\begin{x}" * 20_000,
    "dollars": "$ $$ " * 20_000 + "$",
    "ifs": r"\iftrue" * 20_000 + r"\iffalse" * 20_000,
    "footnotes": r"\footnote{" * 2_000,
    "input": r"\input{main}" * 5_000,
    "environment": r"\newenvironment{e}{\begin{e}}{\end{e}}\begin{e}",
    "title": r"\title{\def\a{\a\a}\a}",
    "let": r"\let\a\b\let\b\a\a",
    "csname": r"\csname " * 10_000,
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_end(name: str) -> None:
    body = f"\\section{{A}} Before. {BOMBS[name]} After."
    source = f"\\documentclass{{article}}\\begin{{document}}{body}\\end{{document}}"
    found = read_eprint(source.encode(), tokens=60_000)
    assert isinstance(found, FullText | Unreadable)
    if isinstance(found, FullText) and found.sections:
        assert found.sections[0].text.startswith("Before.")


WORDS = st.sampled_from(
    ["Toys", "idle", "in", "the", "house.", "They", "break!", r"\emph{soon}", "$x_1$", "e.g.", "--"]
)
CITED = st.sampled_from(
    [r"\cite{ash}", r"\citet{cedar}", r"\citep[cf.][]{ash,cedar}", r"~\citeyear{ash}", r"\citealp{no}"]
)
PIECES = st.lists(
    st.one_of(WORDS, CITED, st.sampled_from(["\n\n", r"\item", r"\section{B}", r"\footnote{X \cite{ash}.}"]))
)


@settings(max_examples=120, deadline=None)
@given(PIECES, st.booleans())
def test_contexts_are_cut_out_of_the_text(pieces: list[str], numbered: bool) -> None:
    bib = BIB if not numbered else re.sub(r"\\bibitem\[.*?\]\{(\w+)\}", r"\\bibitem{\1}", BIB)
    paper = read(r"\section{A} Start. " + " ".join(pieces) + bib)
    for reference in paper.references:
        for context in reference.contexts:
            if context.section >= 0:
                assert paper.sections[context.section].text[context.start : context.end] == context.text
            assert context.text
    for section in paper.sections:
        assert section.text == section.text.strip()
        assert "\ue000" not in section.text


SIGNS = st.text(alphabet="\\{}$%&#~_^[]ab \n", max_size=60)
COMMANDS = st.sampled_from(
    [
        r"\begin{figure}",
        r"\end{figure}",
        r"\section{",
        r"\cite{",
        r"\def\x",
        r"\newcommand{",
        r"\verb|",
        r"\iffalse",
        r"\fi",
        r"\item",
        r"\[",
        r"\]",
        r"\begin{align}",
        r"\bibitem{",
        r"\footnote{",
        r"\input{main}",
        r"\title{",
        r"\author{",
        r"\x",
        r"\let\y",
        r"\caption{",
        r"\label{",
        r"\ref{",
        r"\begin{document}",
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(SIGNS, COMMANDS), max_size=25))
def test_any_source_is_survived(pieces: list[str]) -> None:
    source = "\\documentclass{article}\\begin{document}" + "".join(pieces)
    assert isinstance(read_eprint(source.encode(), tokens=50_000), FullText | Unreadable)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_survived(data: bytes) -> None:
    assert isinstance(read_eprint(b"\\documentclass{article}" + data), FullText | Unreadable)
