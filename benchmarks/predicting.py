"""How many faces a second `pain3d predict` scores, and where the time goes.

    python -m benchmarks.predicting PICTURE... [--model vitpain-small] [--faces 16] [--batches 1 16] [--threads 1 2]

The pictures, repeated in turn, are scored as `pain3d predict --find-faces` does. Seconds a face, of the processor and
by the clock: reading the file, finding the face, cutting it out for the model, the network in float32, and the network
in bfloat16 (torch.autocast), which `pain3d predict` does not use. On a machine with other work the processor's count.
"""

import argparse
import json
import os
import platform
import time
from collections.abc import Callable, Iterator
from itertools import cycle, islice
from pathlib import Path

import torch
from transformers.utils import logging

from modeling_vitpain.prediction.face_finders import best_finder
from modeling_vitpain.prediction.load import load_model
from modeling_vitpain.prediction.media import InputImage, find_media, read_pictures
from modeling_vitpain.prediction.pictures import Scorer


def seconds(work: Callable[[], object], faces: int) -> dict[str, float]:
    """Of the processor and by the clock, for each of `faces`."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return {
        "cpu_s": round((time.process_time() - cpu) / faces, 4),
        "wall_s": round((time.perf_counter() - wall) / faces, 4),
    }


def pictures(paths: list[Path], count: int) -> Iterator[InputImage]:
    """`count` decoded pictures, in turn."""
    sources = [source for path in paths for source in find_media(path)]
    for source in islice(cycle(sources), count):
        yield from read_pictures(source)


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pictures", nargs="+", type=Path, help="files or folders, a face in each")
    parser.add_argument("--model", default="vitpain-small")
    parser.add_argument("--faces", type=int, default=16, help="scored at a time (16)")
    parser.add_argument("--batches", nargs="+", type=int, default=[1, 16])
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    args = parser.parse_args(argv)
    logging.disable_progress_bar()
    network, processor = load_model(args.model)
    finder, n = best_finder(None, print), args.faces
    held = list(pictures(args.pictures, n))
    result = {"machine": f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores", "faces": n}
    result["reading"] = seconds(lambda: list(pictures(args.pictures, n)), n)
    finder.find(held[0])
    result["finding"] = seconds(lambda: [finder.find(picture) for picture in held], n)
    for threads in args.threads:
        torch.set_num_threads(threads)
        for batch in args.batches:
            scorer = Scorer(network, processor, batch, faces=finder)
            list(scorer.score(held[:batch]))
            found = seconds(lambda scorer=scorer: list(scorer.score(pictures(args.pictures, n))), n)
            found["faces_per_s"] = round(1 / found["wall_s"], 2)
            pixels = torch.zeros(batch, 3, *network.config.image_size)
            for name, halved in (("float32", False), ("bfloat16", True)):
                with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=halved):
                    network(pixels)
                    found[f"network {name}"] = seconds(
                        lambda pixels=pixels, batch=batch: [network(pixels) for _ in range(-(-n // batch))], n
                    )
            result[f"threads {threads}, batch {batch}"] = found
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
