"""Faces, dead modules, and purity as far as import-linter cannot see it."""

from __future__ import annotations

import ast

from tests.tidy.tree import Module, imports, modules

PURE = ("terms", "catalog", "identity", "evidence", "wire", "policy", "relay", "account")

# Reached without an import statement: `python -m licet`.
ENTRIES = {"licet.__main__"}

# Clock, files and the outer world, reached through modules that are otherwise fine to import.
CLOCKS = {"now", "utcnow", "today"}
OUTWARD = {"open", "print", "input", "breakpoint"}
NETWORK = ("urllib.request", "http.client", "importlib.resources")


def test_packages_are_imported_by_their_face_only() -> None:
    shown = {f"{m.name}.{name}" for m in modules("src") for name in _face(m)}
    inner = {m.name for m in modules("src") if not m.path.endswith("__init__.py")}
    assert not [
        f"{module.path}:{line}: `{name}` is inside `{_room(name)}`; import it from there"
        for module in modules("src")
        for line, name in imports(module)
        if _room(name) is not None
        and _room(name) != _room(module.name)
        and name not in shown
        and _is_inner(name, inner)
    ]


def test_every_module_is_imported_by_another_or_is_an_entry() -> None:
    imported = {
        prefix
        for module in (*modules("src"), *modules("bench"))
        for name in (*(name for _, name in imports(module)), *_imported_late(module))
        for prefix in _prefixes(name)
        if prefix != module.name
    }
    assert not [
        f"{module.path}: no module imports it"
        for module in modules("src")
        if module.name not in imported | ENTRIES
        and not module.path.endswith("__init__.py")
        and not _is_run(module)
    ]


def test_pure_packages_read_no_clock_and_touch_no_file() -> None:
    assert not [
        f"{module.path}:{line}: {what}"
        for module in modules("src")
        if _is_pure(module)
        for line, what in _impurities(module)
    ]


def test_every_face_says_what_it_shows() -> None:
    rooms = [m for m in modules("src") if m.path.count("/") == 3 and m.path.endswith("__init__.py")]
    assert rooms
    assert not [
        f"{module.path}: no `__all__`"
        for module in rooms
        if module.name != "licet.cli" and not _face(module)
    ]


def _room(name: str) -> str | None:
    """`licet.wire` for whatever is in it; None outside `licet`."""
    parts = name.split(".")
    return ".".join(parts[:2]) if parts[0] == "licet" and len(parts) > 1 else None


def _is_inner(name: str, inner: set[str]) -> bool:
    """Whether `name` is, or is taken from, a module below a face.

    A package within a package has a face as well: the naive interpreter is not part of what
    `licet.policy` shows, and is imported by those who judge it.
    """
    return any(prefix in inner and prefix.count(".") >= 2 for prefix in _prefixes(name))


def _prefixes(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:count]) for count in range(1, len(parts) + 1)]


def _imported_late(module: Module) -> list[str]:
    """Siblings that a module with `import_module` names in its strings: commands, mostly."""
    if "import_module(" not in module.text:
        return []
    strings = (n.value for n in ast.walk(module.tree) if isinstance(n, ast.Constant))
    return [f"{module.package}.{text}" for text in strings if isinstance(text, str)]


def _is_run(module: Module) -> bool:
    """Whether the module is a program of its own: `python -m licet.room.module`."""
    return module.name.endswith(".__main__") or 'if __name__ == "__main__":' in module.text


def _is_pure(module: Module) -> bool:
    return (_room(module.name) or "").removeprefix("licet.") in PURE


def _impurities(module: Module) -> list[tuple[int, str]]:
    found = [
        (line, f"imports `{name}`") for line, name in imports(module) if name.startswith(NETWORK)
    ]
    for node in ast.walk(module.tree):
        match node:
            case ast.Call(func=ast.Name(id=name)) if name in OUTWARD:
                found.append((node.lineno, f"calls `{name}`"))
            case ast.Call(func=ast.Attribute(attr=name)) if name in CLOCKS:
                found.append((node.lineno, f"reads a clock: `{name}`"))
            case _:
                pass
    return found


def _face(module: Module) -> list[str]:
    """What the module says in `__all__` that it shows."""
    for node in module.tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id="__all__")], value=names):
                return list(ast.literal_eval(names))
            case _:
                pass
    return []
