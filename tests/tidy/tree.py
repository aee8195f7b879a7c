"""What the tidy tests read: the files of this repository, parsed once."""

from __future__ import annotations

import ast
import os
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src"


class Module(NamedTuple):
    """One Python file: its path from the root, its dotted name, its text and syntax tree."""

    path: str
    name: str
    text: str
    tree: ast.Module

    @property
    def package(self) -> str:
        """The package that relative imports start from."""
        return self.name if self.path.endswith("__init__.py") else self.name.rpartition(".")[0]


@cache
def files() -> tuple[Path, ...]:
    """Every file of the repository; what tools make (environments, caches, builds) is not."""
    found: list[Path] = []
    for folder, names, leaves in os.walk(ROOT):
        names[:] = [name for name in names if not _is_made(name)]
        found += [Path(folder, leaf) for leaf in leaves]
    return tuple(sorted(found))


@cache
def texts(*suffixes: str) -> tuple[tuple[str, str], ...]:
    """(path from the root, text) of every file with one of these suffixes."""
    return tuple(
        (path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8", errors="replace"))
        for path in files()
        if path.suffix in suffixes
    )


@cache
def modules(top: str) -> tuple[Module, ...]:
    """The Python modules below `top` (`src`, `tests`, `bench`)."""
    return tuple(
        Module(path, _dotted(path), text, ast.parse(text, path))
        for path, text in texts(".py")
        if path.startswith(f"{top}/")
    )


def imports(module: Module) -> list[tuple[int, str]]:
    """(line, dotted name) of whatever `module` imports, names taken from modules included."""
    found: list[tuple[int, str]] = []
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            origin = node.module or ""
            if node.level:
                parents = module.package.split(".")
                base = parents[: len(parents) - node.level + 1]
                origin = ".".join([*base, origin] if origin else base)
            found += [(node.lineno, f"{origin}.{alias.name}") for alias in node.names]
    return found


def _is_made(folder: str) -> bool:
    hidden = folder.startswith(".") and folder != ".ci"
    return hidden or folder in ("__pycache__", "build", "dist") or folder.endswith(".egg-info")


def _dotted(path: str) -> str:
    parts = Path(path).with_suffix("").parts
    parts = parts[1:] if parts[0] == "src" else parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
