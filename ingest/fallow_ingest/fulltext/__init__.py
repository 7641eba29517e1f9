"""Full text of papers in the formats that authors and publishers write: LaTeX source, JATS, TEI, S2ORC."""
