"""OpenAlex: works of all fields, with their citations; metadata CC0."""
