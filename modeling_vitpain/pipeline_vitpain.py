"""`pipeline("pain-assessment")`: pictures of faces to PSPI, its interval and six action units."""

import numpy as np
from transformers import Pipeline


class PainAssessmentPipeline(Pipeline):
    """Pain seen in the picture of a face. A research tool, not a medical device.

    Takes one picture or a list (path, URL, PIL). Gives for each a dict:
        `pspi`: float, Prkachin and Solomon Pain Intensity, 0 (none) to 16: the expectation over the model's classes.
        `pspi_interval`: [low, high], whole PSPI scores, the central 90 % of the model's class distribution.
        `au`: {"AU4": …, "AU43": …}, FACS intensities, 0 (absent) to 5 (letter E); AU43, eyes closed, 0 to 1.
        `attention`: with `output_attentions=True`, {"AU4": array (rows, columns) of the patches, summing to 1, …}.

    Parameters: `output_attentions` (False), `interval_level` (0.9, above 0 and below 1).
    """

    _load_processor = False
    _load_image_processor = True
    _load_feature_extractor = False
    _load_tokenizer = False

    def _sanitize_parameters(self, output_attentions=None, interval_level=None, **kwargs):
        if kwargs:
            raise ValueError(f"unknown parameter {', '.join(kwargs)}; allowed are output_attentions and interval_level")
        if interval_level is not None and not 0 < interval_level < 1:
            raise ValueError(f"interval_level is {interval_level}; allowed is above 0 and below 1")
        forward = {} if output_attentions is None else {"output_attentions": output_attentions}
        return {}, forward, {} if interval_level is None else {"interval_level": interval_level}

    def preprocess(self, image):
        return self.image_processor(image, return_tensors="pt").to(self.dtype)

    def _forward(self, model_inputs, output_attentions=False):
        return self.model(**model_inputs, output_attentions=output_attentions)

    def postprocess(self, output, interval_level=0.9):
        config = self.model.config
        low, high = self.model.pspi_interval(output["logits"], interval_level)
        intensities = np.minimum(output["au"][0].float().numpy(), config.au_max)
        scores = {
            "pspi": output["pspi"][0].item(),
            "pspi_interval": [low[0].item(), high[0].item()],
            "au": dict(zip(config.au_names, intensities.tolist(), strict=True)),
        }
        if output.get("au_attention") is not None:
            grid = config.patch_grid(*config.image_size)
            maps = output["au_attention"][0].float().numpy().reshape(len(config.au_names), *grid)
            scores["attention"] = dict(zip(config.au_names, maps, strict=True))
        return scores


__all__ = ["PainAssessmentPipeline"]
