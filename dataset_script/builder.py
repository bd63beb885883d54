"""`Pain3D`: the dataset as a `datasets` builder, for those who make it on their machine instead of downloading it.

    builder = Pain3D("pairs", identities=24, size=256)
    builder.download_and_prepare()
    pairs = builder.as_dataset(split="train")

The rows equal those of `pain3d generate` with the same options. `as_streaming_dataset` makes frames as they are asked
for. The cache is named by the spec's hash, so two specs, or two versions of the generator, never share one.
"""

from collections.abc import Iterator
from dataclasses import fields, make_dataclass
from typing import TYPE_CHECKING, ClassVar

import datasets
import pyarrow as pa
from datasets.builder import Key

from .errors import InvalidInput
from .features import FEATURES
from .shards import pair_rows, to_table
from .spec import PAINTED_ONLY, Spec
from .vocabulary import SPLITS

if TYPE_CHECKING:
    from generation.plan import Chunk
    from generation.run.chunks import Maker


_VERSION = datasets.Version("1.0.0")


_FIXED = ("geometry", "version", *PAINTED_ONLY)
"""Fields of the specification that are no arguments: the configuration says the first, the package the second; what
diffusion models paint is made by `pain3d generate`."""


class _SpecConfig(datasets.BuilderConfig):
    """What `Pain3DConfig` does with the fields of `Spec`."""

    @property
    def spec(self) -> Spec:
        """The specification. Raises InvalidInput when a field is out of range."""
        chosen = {name: value for name in _ARGUMENTS if (value := getattr(self, name)) is not None}
        spec = Spec(geometry=self.name == "geometry", **chosen)
        if self.name == "references" and not spec.references:
            raise InvalidInput("references is 0; the configuration references needs 1 or more")
        return spec

    def create_config_id(self, config_kwargs: dict, custom_features: datasets.Features | None = None) -> str:
        """The name of the cache; differs whenever the data does."""
        return f"{self.name}-{self.spec.hash[:16]}"


_ARGUMENTS = [field.name for field in fields(Spec) if field.name not in _FIXED]
Pain3DConfig = make_dataclass(
    "Pain3DConfig",
    [(field.name, field.type | None, None) for field in fields(Spec) if field.name in _ARGUMENTS],
    bases=(_SpecConfig,),
    namespace={"__module__": __name__, "__doc__": "Every field of `dataset_script.spec.Spec`; None takes its default."},
)


class Pain3D(datasets.ArrowBasedBuilder):
    """Configurations `default`, `pairs`, `references` and `geometry`; keyword arguments are those of `Pain3DConfig`."""

    VERSION = _VERSION
    BUILDER_CONFIG_CLASS = Pain3DConfig
    BUILDER_CONFIGS: ClassVar = [Pain3DConfig(name=name, version=_VERSION) for name in FEATURES]
    DEFAULT_CONFIG_NAME = "default"

    def __init__(self, config_name: str | None = None, cache_dir: str | None = None, **kwargs) -> None:
        config_name = config_name or self.DEFAULT_CONFIG_NAME
        if config_name not in FEATURES:
            raise InvalidInput(f"config_name is {config_name!r}; allowed: {', '.join(FEATURES)}")
        super().__init__(cache_dir=cache_dir, dataset_name="pain3d", config_name=config_name, **kwargs)

    def make_maker(self, spec: Spec) -> "Maker":
        """What makes the frames."""
        from generation.pipeline import FrameMaker

        return FrameMaker(spec)

    def _info(self) -> datasets.DatasetInfo:
        from generation.catalogue import frames_licence

        return datasets.DatasetInfo(features=FEATURES[self.config.name], license=frames_licence(self.config.spec))

    def _split_generators(self, _: object) -> list[datasets.SplitGenerator]:
        from generation.plan import Plan

        chunks = Plan(self.config.spec).chunks()
        return [
            datasets.SplitGenerator(split, {"chunks": members})
            for split in SPLITS
            if (members := [chunk for chunk in chunks if chunk.split == split])
        ]

    def _generate_tables(self, chunks: list["Chunk"]) -> Iterator[tuple[Key, pa.Table]]:
        """One table an identity. `datasets` shares the list of chunks among its processes."""
        from generation.plan import Plan
        from generation.run.chunks import make_identity, make_references

        spec, config = self.config.spec, self.config.name
        plan, maker = Plan(spec), self.make_maker(spec)
        for k, chunk in enumerate(chunks):
            for j, identity_id in enumerate(chunk.identities):
                if config == "references":
                    rows = make_references(maker, plan.references(identity_id))
                else:
                    frames = make_identity(maker, plan[identity_id])
                    rows = [frame.geometry if config == "geometry" else frame.row for frame in frames]
                yield Key(k, j), to_table(config, pair_rows(rows) if config == "pairs" else rows)
