"""The command line: `folkmoot dev`, `run`, `tail` and the other verbs (the extra `cli`)."""
