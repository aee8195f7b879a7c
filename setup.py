"""What pyproject.toml cannot say: `LICET_COMPILE=1` compiles the request path into the wheel.

The modules are those of `[tool.licet] compiled` in pyproject.toml, and mypyc, which is part of
mypy, makes C of them (docs/decisions/0003-compiled.md). Without the variable nothing is
compiled: a checkout runs its sources as they stand.
"""

import os
import tomllib
from pathlib import Path

from setuptools import Extension, setup

FOLDER = Path(__file__).parent


def extensions() -> list[Extension]:
    """The compiled modules, or none."""
    if os.environ.get("LICET_COMPILE") != "1":
        return []
    from mypyc.build import mypycify  # noqa: PLC0415 - needed only where something is compiled

    listed = tomllib.loads((FOLDER / "pyproject.toml").read_text())["tool"]["licet"]["compiled"]
    paths = [str(FOLDER / "src" / path) for path in listed]
    made: list[Extension] = mypycify(paths, opt_level="3", debug_level="0")
    for extension in made:
        # Python finds a module by one name: all others stay inside, so that calls between compiled
        # functions are plain ones (3 % fewer instructions for a request, counted).
        extension.extra_compile_args.append("-fvisibility=hidden")
    return made


setup(ext_modules=extensions())
