"""The reasoning: topics, niches, limitations, gaps, ideas and novelty."""
