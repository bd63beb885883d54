"""diffusers and transformers without progress bars, deprecations and hints: what matters of them is checked here."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet() -> Iterator[None]:
    """Both libraries tell errors only, and draw no bars. Afterwards they are as they were."""
    from diffusers.utils import logging as of_diffusers
    from transformers.utils import logging as of_transformers

    both = (of_diffusers, of_transformers)
    told = [logging.get_verbosity() for logging in both]
    barred = [logging for logging in both if logging.is_progress_bar_enabled()]
    for logging in both:
        logging.set_verbosity_error()
    for logging in barred:
        logging.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            for kind in (FutureWarning, DeprecationWarning):  # of theirs, to each other
                warnings.simplefilter("ignore", kind)
            yield
    finally:
        for logging, level in zip(both, told, strict=True):
            logging.set_verbosity(level)
        for logging in barred:
            logging.enable_progress_bar()
