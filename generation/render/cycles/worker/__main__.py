"""Renders scenes with Blender's Cycles. Runs alone, in the Python of an environment that has bpy (see docs/cycles.md).

It imports only bpy, numpy, the standard library and the modules beside it: bpy is under the GPL and wants numpy < 2, so
it shares neither process nor environment with the rest of the package. `renderer.py` starts this folder as a program:
`PYTHON -I worker DIRECTORY`.

Protocol, JSON lines: it says {"bpy": version} once; then each request on stdin {"scene": FILE.npz, "pixels": FILE.npy,
"size", "samples", "seed", "denoise"} is answered on stdout by {"done": FILE.npy} or {"error": line}. The answer is
(size, size, 4) float32, linear, colour premultiplied by the alpha, first row on top. DIRECTORY goes when stdin ends.
"""

import json
import os
import queue
import shutil
import sys
import threading
from collections.abc import Callable


def main() -> None:
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # Blender talks on stdout: keep it out of the protocol
    requests: queue.SimpleQueue = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(requests,), daemon=True).start()

    from scene import BPY, render  # not before stdout is out of its way

    print(json.dumps({"bpy": BPY}), file=answers)
    while True:
        print(json.dumps(_answer(requests.get(), render)), file=answers)


def _answer(request: dict, render: Callable[[dict], None]) -> dict:
    try:
        render(request)
    except (RuntimeError, OSError, MemoryError) as error:  # Blender refuses, a full disk; the rest is a bug: die
        return {"error": f"{type(error).__name__}: {error}".splitlines()[0]}
    return {"done": request["pixels"]}


def _listen(requests: queue.SimpleQueue) -> None:
    """Ends the process with its parent, even in the middle of a frame."""
    for line in sys.stdin:
        requests.put(json.loads(line))
    shutil.rmtree(sys.argv[1], ignore_errors=True)
    os._exit(0)


main()
