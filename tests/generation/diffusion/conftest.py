"""Tiny models on disk, made once, and painters that opened them."""

import numpy as np
import pytest

SIZE = 64


@pytest.fixture(scope="session")
def folders(tmp_path_factory):
    """Models by family, then by role, as keyword arguments of `Models`."""
    import tiny_diffusion as tiny

    place = tmp_path_factory.mktemp("tiny")
    return {
        "kandinsky": tiny.kandinsky(place / "kandinsky"),
        "sd": tiny.stable_diffusion(place / "sd"),
        "sdxl": tiny.stable_diffusion_xl(place / "sdxl"),
    }


@pytest.fixture(scope="session")
def settings():
    from generation.diffusion.models import Settings

    return Settings(size=SIZE, steps=2, prior_steps=2, dtype="float32")


@pytest.fixture(scope="session", params=["kandinsky", "sd", "sdxl"])
def painter(request, folders, settings):
    from generation.diffusion.models import Models
    from generation.diffusion.painter import open_painter

    return open_painter(Models(**folders[request.param], device="cpu"), settings)


@pytest.fixture(scope="session")
def depth():
    """A ball 200 mm wide, 700 mm away, before nothing."""
    down, right = np.mgrid[-1:1:96j, -1:1:96j]
    inside = np.clip(1 - (down**2 + right**2) / 0.6, 0, None)
    return np.where(inside > 0, 800 - 100 * np.sqrt(inside), np.inf).astype(np.float32)


@pytest.fixture(scope="session")
def picture():
    """A smooth picture in colour, 96 pixels wide."""
    down, right = np.mgrid[0:1:96j, 0:1:96j]
    return (255 * np.stack([down, right, 0.5 * (1 - down)], 2)).astype(np.uint8)


@pytest.fixture(scope="session")
def mask():
    """Everything but a disc in the middle is to be painted."""
    down, right = np.mgrid[-1:1:96j, -1:1:96j]
    return down**2 + right**2 > 0.4
