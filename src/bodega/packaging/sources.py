"""Find which of our own files a function needs, by what its modules import, without running any."""

import ast
from collections.abc import Collection, Iterator
from functools import cache
from pathlib import Path

PACKAGE = "bodega"


def sources_of(root: Path, module: str, *, without: Collection[str] = ()) -> list[Path]:
    """Return the files below `root` that a module needs, itself included, in order, relative to `root`.

    Imports inside functions count as others do; those for type checkers alone do not. Files that are no modules, such
    as templates, belong to the package that they lie in. Modules `without` which it is to go are left out.
    """
    found: dict[str, Path] = {}
    waiting = [module]
    while waiting:
        name = waiting.pop()
        path = _path_of(root, name)
        if name in found or name in without or path is None:
            continue
        found[name] = path
        parent, _, _ = name.rpartition(".")
        waiting += [parent] if parent else []
        waiting += _imports_of(path.read_text())
    packages = {path.parent for path in found.values() if path.name == "__init__.py"}
    data = {file for package in packages for file in _data_in(package)}
    return sorted(path.relative_to(root) for path in {*found.values(), *data})


def _path_of(root: Path, name: str) -> Path | None:
    base = root.joinpath(*name.split("."))
    return next((path for path in (base.with_suffix(".py"), base / "__init__.py") if path.is_file()), None)


@cache
def _imports_of(source: str) -> tuple[str, ...]:
    """Return what a module imports; kept, because one package after the other needs much the same modules."""
    return tuple(_imported(ast.parse(source)))


def _imported(tree: ast.AST) -> Iterator[str]:
    """Yield the modules of ours that a tree imports; a name imported from a package may be a module of it, or not."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith(PACKAGE))
        elif isinstance(node, ast.ImportFrom):
            if node.module is not None and node.module.startswith(PACKAGE):
                yield node.module
                yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif not _is_for_type_checkers(node):
            yield from _imported(node)


def _is_for_type_checkers(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def _data_in(package: Path) -> Iterator[Path]:
    """Yield the files of a package that are no modules, also those in folders that are no packages."""
    for path in package.iterdir():
        if path.is_file() and path.suffix not in {".py", ".pyc"} and path.name != "py.typed":
            yield path
        elif path.is_dir() and path.name != "__pycache__" and not (path / "__init__.py").exists():
            yield from _data_in(path)
