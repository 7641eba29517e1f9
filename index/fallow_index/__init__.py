"""What is built over the papers: encoders, lexical, dense and late-interaction search, the citation graph."""
