"""What a face of the demo costs: the next expression of a person, and another person.

    python -m benchmarks.demo [--faces 12]

CPU milliseconds, as other programs on the machine do not change them, and as a page would wait on an idle one: median
and largest, with the heatmap and the HTML that carries both.
"""

import argparse
import statistics
import time
from collections.abc import Callable

from generation.plan import ViewPlan
from generation.sheets.portrait import Portrait
from model_cards.demo.live_faces import SHOWN, LiveFaces
from model_cards.demo.markup import live_face


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faces", type=int, default=12, help="faces of each kind")
    number = parser.parse_args().faces
    print("| what | px | CPU ms, median | largest |\n|---|---|---|---|")
    for size in (256, SHOWN):
        faces = LiveFaces()
        show(faces, 40, 0.0, size)
        for what, asked in (
            ("another expression", [(40, k % 11 / 2) for k in range(number)]),
            ("another person", [(41 + k, 3.0) for k in range(number)]),
        ):
            costs = [cpu_ms(show, faces, age, level, size) for age, level in asked]
            print(f"| {what} | {size} | {statistics.median(costs):.0f} | {max(costs):.0f} |")


def show(faces: LiveFaces, age: int, level: float, size: int) -> None:
    au = (level, 2.0, 3.0, 1.0, 2.0, 0.0)
    live_face(faces.render(Portrait(age, "white", "man", 3, au, {}, ViewPlan(0, 10.0, 0.0, 0.0, 26.0, 1.0)), size))


def cpu_ms(work: Callable[..., None], *given: object) -> float:
    begun = time.process_time()
    work(*given)
    return 1000 * (time.process_time() - begun)


if __name__ == "__main__":
    main()
