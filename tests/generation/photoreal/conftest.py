"""Two small datasets painted by tiny models on a CPU, made by the command line as users make them; not written to."""

from pathlib import Path

import pytest

import pain3d_cli

OPTIONS = (
    "--size 96 --diffusion-size 64 --diffusion-steps 2 --diffusion-dtype float32 --diffusion-device cpu --workers 1"
)


@pytest.fixture(scope="session")
def models(tmp_path_factory):
    """Models of tiny weights by family: Kandinsky 2.2, and Stable Diffusion with a depth ControlNet."""
    import tiny_diffusion

    from generation.diffusion.models import Models

    place = tmp_path_factory.mktemp("models")
    return {
        "kandinsky": Models(**tiny_diffusion.kandinsky(place / "kandinsky")),
        "diffusion": Models(**tiny_diffusion.stable_diffusion(place / "sd")),
    }


def words(models, look: str) -> list[str]:
    """The options of a look with these models."""
    named = {"--prior-model": models.prior, "--inpaint-model": models.inpaint, "--controlnet": models.controlnet}
    given = [word for option, name in named.items() if name for word in (option, name)]
    return ["--look", look, "--diffusion-model", models.diffusion, *given, *OPTIONS.split()]


@pytest.fixture(scope="session")
def command(models):
    """Calls `pain3d generate OUT` with the models of a look and more options; the exit code."""

    def call(out: Path, look: str, *more: str) -> int:
        return pain3d_cli.main(["generate", str(out), *words(models[look], look), *more])

    return call


@pytest.fixture(scope="session")
def painted(command, tmp_path_factory) -> Path:
    """Three people painted by Kandinsky, what is behind them painted once for each."""
    out = tmp_path_factory.mktemp("painted") / "pain3d"
    assert command(out, "kandinsky", "--identities", "3") == 0
    return out


@pytest.fixture(scope="session")
def filled(command, tmp_path_factory) -> Path:
    """One person painted by Stable Diffusion from three sides, hair and background painted in every frame."""
    out = tmp_path_factory.mktemp("filled") / "pain3d"
    assert (
        command(out, "diffusion", "--identities", "1", "--background", "frame", "--side-portraits", "--geometry") == 0
    )
    return out
