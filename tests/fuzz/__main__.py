"""Every parser of foreign bytes against damaged inputs. Without --parser, all of them.

python tests/fuzz --inputs 100000            a line for each parser, and each failure with the number of an input
python tests/fuzz --parser meshes.obj --first 1234 --inputs 1      that input again
"""

import argparse
import os
import sys
from pathlib import Path

HERE = Path(__file__).parent


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--inputs", type=int, default=2000, help="in all, shared among the parsers (2000)")
    options.add_argument("--first", type=int, default=0, help="number of the first input of each parser (0)")
    options.add_argument("--seed", default="0", help="another seed, other inputs")
    options.add_argument("--parser", action="append", help="only this one; as often as wanted")
    args = options.parse_args()

    sys.path[:0] = [str(HERE.parents[1]), str(HERE.parent / "support")]
    os.environ |= {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    from parsers import all_parsers, parser_of
    from run import fuzzed

    chosen = [parser_of(name) for name in args.parser] if args.parser else all_parsers()
    total = sum(parser.share for parser in chosen)
    print("| parser | reads | inputs | seconds | failures |\n|---|---|---|---|---|", flush=True)
    inputs = failed = 0
    for parser in chosen:
        found = fuzzed(parser, max(1, round(args.inputs * parser.share / total)), args.seed, args.first)
        inputs, failed = inputs + found.inputs, failed + len(found.failures)
        line = f"| {parser.name} | {parser.reads} | {found.inputs:,} | {found.seconds:.0f} | {len(found.failures)} |"
        print(line, flush=True)
        for what, cases in found.failures.items():
            number, says = cases[0]
            print(f"{parser.name}: {what}, {len(cases)} times, such as input {number}: {says}", flush=True)
    print(f"| all {len(chosen)} | | {inputs:,} | | {failed} |")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
