"""What MkDocs is told beyond `mkdocs.yml`: pages from outside of docs/, notebooks, links to files of the code."""

import json
import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]
OUTSIDE = {
    "README.md": "index.md",
    "docs/README.md": "contents.md",
    "CONTRIBUTING.md": "CONTRIBUTING.md",
    "SECURITY.md": "SECURITY.md",
    "CHANGELOG.md": "CHANGELOG.md",
    "THIRD_PARTY.md": "THIRD_PARTY.md",
    "LICENSE": "LICENSE.md",
}
"""File of the repository -> the page that shows it; of those that are there."""
CODE = re.compile(r"(^```.*?^```|`[^`\n]+`)", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[([^\]]*)\]\(([^)\s:#]+)(#[^)\s]*)?\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the pages. The front page is the repository's README."""
    files.remove(files.get_file_from_path("README.md"))
    for name, page in OUTSIDE.items():
        if (ROOT / name).is_file():
            text = (ROOT / name).read_text(encoding="utf-8")
            content = text if name.endswith(".md") else f"# Licence\n\n```text\n{text}\n```\n"
            files.append(File.generated(config, page, content=content))
    for notebook in [file for file in files if file.src_uri.endswith(".ipynb")]:
        content = notebook_page(Path(notebook.abs_src_path))
        files.append(File.generated(config, notebook.src_uri.removesuffix(".ipynb") + ".md", content=content))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turns links that lead out of docs/, or into it, to the page of that file; where it has none, their words stay.

    Raises:
        PluginError: a file outside of docs/ does not exist. What is in docs/ MkDocs checks itself.
    """
    shown = page.file.src_uri
    source = next((name for name, known in OUTSIDE.items() if known == shown), f"docs/{shown}")

    def turned(link: re.Match) -> str:
        words, target, anchor = link[1], link[2], link[3] or ""
        meant = posixpath.normpath(posixpath.join(posixpath.dirname(source), target))
        inside = meant.startswith("docs/")
        if inside and source.startswith("docs/") and meant not in OUTSIDE:
            return link[0]
        if not inside and not (ROOT / meant).exists():
            raise PluginError(f"{source} has a link to {target}, which does not exist")
        to = OUTSIDE.get(meant) or (meant.removeprefix("docs/") if inside else None)
        if to is None:
            return words
        return f"[{words}]({posixpath.relpath(to, posixpath.dirname(shown) or '.')}{anchor})"

    return "".join(part if k % 2 else LINK.sub(turned, part) for k, part in enumerate(CODE.split(markdown)))


def notebook_page(path: Path) -> str:
    """A notebook as Markdown: its text, its code, and what the code printed and drew."""
    parts = []
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        source = "".join(cell["source"])
        parts.append(source if cell["cell_type"] == "markdown" else f"```python\n{source}\n```")
        parts += [shown for output in cell.get("outputs", []) if (shown := _shown(output))]
    parts.append(f"This page is a notebook: [{path.name}]({path.name}).")
    return "\n\n".join(parts) + "\n"


def _shown(output: dict) -> str:
    data = output.get("data", {})
    if "image/png" in data:
        return f'<img alt="output" src="data:image/png;base64,{"".join(data["image/png"]).strip()}">'
    text = "".join(output.get("text") or data.get("text/plain") or [])
    return f"```text\n{text.rstrip()}\n```" if text.strip() else ""
