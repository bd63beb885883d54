"""The `datasets` builder with a cheap maker. In a module of its own: streaming rewires the module of a builder."""

from fake_maker import FakeMaker

from dataset_script import Pain3D


class FakePain3D(Pain3D):
    """Blocks of colour for faces."""

    def make_maker(self, spec):
        return FakeMaker(spec)
