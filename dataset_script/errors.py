"""The two ways a command can end badly. Everything else that is raised is a bug and shows its traceback."""


class InvalidInput(ValueError):
    """The caller asked for something that cannot be: names the field, the value and what is allowed. Exit code 2."""


class NoPspi(InvalidInput):
    """`data` are labelled by stimulus levels, as BioVid is, and were given to what needs PSPI."""

    def __init__(self, data: object) -> None:
        super().__init__(
            f"{data} is labelled by stimulus levels, not PSPI: nothing can be trained on it, and MAE, ICC and F1 of "
            f"PSPI are not defined; allowed is `pain3d evaluate MODEL --data {data} --protocol biovid`"
        )


class WorkFailed(RuntimeError):
    """The request was sound, the work was not: a corrupt shard, a full disk, a missing file. Exit code 1."""
