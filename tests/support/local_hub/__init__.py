"""A Hub on localhost for tests: the endpoints that huggingface_hub, datasets, transformers and evaluate use.

It refuses what the Hub refuses: contents whose sha256 is another, commits that name contents that never came, commits
upon a state that is no longer the newest, files that must be LFS sent as text, invalid metadata, other people's names.
"""
