"""The two ways a command can end badly. Everything else that is raised is a bug and shows its traceback."""


class InvalidInput(ValueError):
    """The caller asked for something that cannot be: names the field, the value and what is allowed. Exit code 2."""


class WorkFailed(RuntimeError):
    """The request was sound, the work was not: a corrupt shard, a full disk, a missing file. Exit code 1."""
