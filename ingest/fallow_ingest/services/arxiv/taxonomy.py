"""arXiv's categories: what people type, and what its services call it.

Groups, archives and categories are those of arXiv's taxonomy (arxiv-base, June 2026).
"""

from __future__ import annotations

from difflib import get_close_matches

from fallow_ingest.errors import BadInput

_SUBJECTS = {
    "astro-ph": "CO EP GA HE IM SR",
    "cond-mat": "dis-nn mes-hall mtrl-sci other quant-gas soft stat-mech str-el supr-con",
    "cs": "AI AR CC CE CG CL CR CV CY DB DC DL DM DS ET FL GL GR GT HC IR IT LG LO MA MM MS NA NE NI OH OS "
    "PF PL RO SC SD SE SI SY",
    "econ": "EM GN TH",
    "eess": "AS IV SP SY",
    "math": "AC AG AP AT CA CO CT CV DG DS FA GM GN GR GT HO IT KT LO MG MP NA NT OA OC PR QA RA RT SG SP ST",
    "nlin": "AO CD CG PS SI",
    "physics": "acc-ph ao-ph app-ph atm-clus atom-ph bio-ph chem-ph class-ph comp-ph data-an ed-ph flu-dyn "
    "gen-ph geo-ph hist-ph ins-det med-ph optics plasm-ph pop-ph soc-ph space-ph",
    "q-bio": "BM CB GN MN NC OT PE QM SC TO",
    "q-fin": "CP EC GN MF PM PR RM ST TR",
    "stat": "AP CO ME ML OT TH",
}
"""Archive -> its subject classes."""

_WHOLE = ["gr-qc", "hep-ex", "hep-lat", "hep-ph", "hep-th", "math-ph", "nucl-ex", "nucl-th", "quant-ph"]
"""Archives that are one category."""

_CLOSED = {
    "acc-phys": "physics.acc-ph", "adap-org": "nlin.AO", "alg-geom": "math.AG", "ao-sci": "physics.ao-ph",
    "atom-ph": "physics.atom-ph", "bayes-an": "physics.data-an", "chao-dyn": "nlin.CD",
    "chem-ph": "physics.chem-ph", "cmp-lg": "cs.CL", "comp-gas": "nlin.CG", "dg-ga": "math.DG",
    "funct-an": "math.FA", "mtrl-th": "cond-mat.mtrl-sci", "patt-sol": "nlin.PS",
    "plasm-ph": "physics.plasm-ph", "q-alg": "math.QA", "solv-int": "nlin.SI",
    "supr-con": "cond-mat.supr-con",
}  # fmt: skip
"""Archives closed in the 1990s -> the category that took them over."""

_OWN_GROUP = frozenset(["cs", "econ", "eess", "math", "q-bio", "q-fin", "stat"])

CATEGORIES: tuple[str, ...] = tuple(
    sorted([f"{archive}.{s}" for archive, subjects in _SUBJECTS.items() for s in subjects.split()] + _WHOLE)
)
"""All categories that papers can be submitted to."""

_SPELLINGS = {name.lower(): name for name in (*CATEGORIES, *_SUBJECTS)}


def category_of(text: str, *, closed: bool = False) -> str:
    """The category or archive that the text names, spelt as arXiv does; "cs" and "cs.*" are one archive.

    closed: also archives that take no papers any more. Raises BadInput, naming what is near.

    >>> category_of("cs.cl"), category_of("cs.*"), category_of("physics:hep-th"), category_of("cs:cs:CL")
    ('cs.CL', 'cs', 'hep-th', 'cs.CL')
    """
    said = text.strip()
    steps = said.split(":")
    name = ".".join(steps[1:]) if len(steps) in (2, 3) and steps[1] else said
    name = name.removesuffix(".*").lower()
    if found := _SPELLINGS.get(name):
        return found
    if name in _CLOSED and closed:
        return name
    if name in _CLOSED:
        raise BadInput(f"arXiv closed {name}", f"its papers are in {_CLOSED[name]}")
    near = [_SPELLINGS[n] for n in get_close_matches(name, _SPELLINGS, 3)]
    raise BadInput(
        f"arXiv has no category {said[:40]!r}",
        f"did you mean {' or '.join(near)}" if near else "write it as cs.CL or hep-th, or an archive as cs",
    )


def set_of(category: str) -> str:
    """The OAI-PMH set of a category or archive: group, archive and subject class.

    >>> set_of("cs.CL"), set_of("hep-th"), set_of("physics.flu-dyn"), set_of("astro-ph"), set_of("math")
    ('cs:cs:CL', 'physics:hep-th', 'physics:physics:flu-dyn', 'physics:astro-ph', 'math:math')
    """
    archive, _, subject = category.partition(".")
    group = archive if archive in _OWN_GROUP else "physics"
    return ":".join(filter(None, (group, archive, subject)))


def categories_in(archive: str) -> tuple[str, ...]:
    """The categories of an archive; the archive itself where it is one category.

    >>> categories_in("econ"), categories_in("hep-th")
    (('econ.EM', 'econ.GN', 'econ.TH'), ('hep-th',))
    """
    if archive not in _SUBJECTS:
        return (archive,)
    return tuple(f"{archive}.{subject}" for subject in _SUBJECTS[archive].split())


def is_archive(category: str) -> bool:
    """Whether the name stands for several categories."""
    return category in _SUBJECTS
