"""`pain3d publish`: puts a dataset, a model, a metric or a demo on the Hub."""

import argparse
import json
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..publishing.publication import Publication
    from ..publishing.upload import Published

HELP = "Put a dataset, a model, a metric or a demo on the Hub: checked first, private, in one commit, resumable."
EXAMPLE = "pain3d publish --dataset pain3d --repo-id OWNER/pain3d --dry-run"

_WHAT = {
    "dataset": "a dataset, generated or imported: every file, row and picture is verified",
    "model": "a model: it must load",
    "metric": "a metric, such as evaluation/macro_auroc: it must load with evaluate, and NAME is its name",
    "demo": "a folder that is a Gradio Space: README.md with YAML, and app.py",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description += (
        "\n\nRefused is what does not verify, has no card (README.md with YAML), or has a licence that forbids it."
        "\nLog in first: `hf auth login`. Stopped, run the same command again: what has arrived is not sent again."
    )
    kinds = parser.add_mutually_exclusive_group(required=True)
    for kind, text in _WHAT.items():
        kinds.add_argument(f"--{kind}", metavar="DIR", help=text)
    parser.add_argument("--repo-id", metavar="OWNER/NAME", required=True, help="where it goes on the Hub")
    parser.add_argument("--public", action="store_true", help="let everybody see it; by default only its owner does")
    parser.add_argument("--tag", help="a name for the commit, such as v1.0, to load it by")
    parser.add_argument("--dry-run", action="store_true", help="check, and list what would go where; needs no network")
    parser.add_argument("--json", action="store_true", help="print what was, or would be, published as JSON")


def run(args: argparse.Namespace) -> int:
    from dataset_script.progress import Progress
    from dataset_script.terminal import one_line

    from ..publishing.plan import plan_publication
    from ..publishing.publication import NotPublishable
    from ..publishing.upload import upload

    kind, directory = next((kind, getattr(args, kind)) for kind in _WHAT if getattr(args, kind) is not None)
    try:
        with Progress("rows") as progress:
            publication = plan_publication(kind, directory, args.repo_id, args.tag, progress)
    except NotPublishable as refusal:
        for reason in refusal.reasons:
            print(one_line(reason), file=sys.stderr)
        raise
    if not args.json:
        print(_listing(publication, args.public))
    if args.dry_run:
        if args.json:
            print(json.dumps(_as_json(publication), indent=2))
        return 0
    with Progress("MB") as progress:
        published = upload(publication, args.public, args.tag, progress)
    print(
        json.dumps({**_as_json(publication), **vars(published)}, indent=2)
        if args.json
        else _done(publication, published)
    )
    return 0


def _listing(publication: "Publication", public: bool) -> str:
    """What goes where, one file a line with its size."""
    width = max(len(f"{file.num_bytes:,}") for file in publication.files)
    lines = [f"{publication.place} ({'public' if public else 'private'})"]
    lines += [
        f"  {file.num_bytes:>{width},}  {file.path}" + f" ({file.made})" * bool(file.made) for file in publication.files
    ]
    lines.append(f"  {publication.num_bytes:>{width},}  bytes in {len(publication.files):,} files")
    lines += [f"stays here: {name}" for name in publication.stays]
    lines += [f"note: {note}" for note in publication.notes]
    return "\n".join(lines)


def _as_json(publication: "Publication") -> dict:
    return {
        "repo_id": publication.repo_id,
        "repo_type": publication.repo_type,
        "files": {file.path: file.num_bytes for file in publication.files},
        "bytes": publication.num_bytes,
        "stays": list(publication.stays),
        "notes": list(publication.notes),
    }


def _done(publication: "Publication", published: "Published") -> str:
    """Where it is, and how to load exactly this."""
    revision = published.tag or published.commit
    name = publication.repo_id
    load = {
        "dataset": f'load_dataset("{name}", revision="{revision}")',
        "model": f'AutoModel.from_pretrained("{name}", trust_remote_code=True, revision="{revision}")',
        "metric": f'evaluate.load("{name}", revision="{revision}")',
        "demo": "",
    }[publication.kind]
    lines = [
        f"{published.url} ({'private' if published.private else 'public'}): {len(published.sent)} files sent, "
        f"{len(publication.files) - len(published.sent)} were there, {len(published.removed)} removed",
        f"commit {published.commit}" + (f", tag {published.tag}" if published.tag else ""),
    ]
    return "\n".join([*lines, *([f"load it: {load}"] if load else [])])
