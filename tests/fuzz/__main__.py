"""`python tests/fuzz`: every parser of foreign bytes against damaged inputs. Without --parser, all of them.

python tests/fuzz --inputs 100000            a line for each parser, and each failure with the number of an input
python tests/fuzz --parser mesh_obj --first 1234 --inputs 1      that input again
"""

import argparse
import subprocess
import sys

from run import environment, fuzzed


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--inputs", type=int, default=2000, help="in all, shared among the parsers (2000)")
    options.add_argument("--first", type=int, default=0, help="number of the first input of each parser (0)")
    options.add_argument("--seed", default="0", help="another seed, other inputs")
    options.add_argument("--parser", action="append", help="only this one; as often as wanted")
    args = options.parse_args()
    shares = _shares()
    chosen = args.parser or list(shares)
    total, failed = sum(shares[name] for name in chosen), 0
    print("| parser | inputs | seconds | failures |\n|---|---|---|---|")
    counted = 0
    for name in chosen:
        inputs = max(1, round(args.inputs * shares[name] / total))
        found = fuzzed(name, inputs, args.seed, args.first)
        counted += found.inputs
        failed += len(found.failures)
        print(f"| {name} | {found.inputs:,} | {found.seconds:.0f} | {len(found.failures)} |", flush=True)
        for what, cases in found.failures.items():
            number, says = cases[0]
            print(f"{name}: {what}, {len(cases)} times, such as input {number}: {says}", file=sys.stderr, flush=True)
    print(f"| all {len(chosen)} | {counted:,} | | {failed} |")
    return 1 if failed else 0


def _shares() -> dict[str, float]:
    """The parsers and their shares; asked of a process of its own, so that this one stays small."""
    code = "from parsers import all_parsers; print(*(f'{p.name}={p.share}' for p in all_parsers()))"
    command = [sys.executable, "-c", code]
    words = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environment())
    return {name: float(share) for name, share in (word.split("=") for word in words.stdout.split())}


if __name__ == "__main__":
    sys.exit(main())
