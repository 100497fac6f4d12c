"""Name categories by their path, so that products find their place in another shop, and make what is missing."""

from collections.abc import Sequence

from bodega.domain.catalog.model import MAX_DEPTH, CategoryInput, CollectionInput
from bodega.domain.catalog.place_slugs import NameTakenError
from bodega.domain.catalog.taxonomy import Taxonomy
from bodega.domain.catalog.tree import CategoryTree
from bodega.errors import Fault, InvalidError
from bodega.values.text import MAX_SLUG_LENGTH, make_slug

SEPARATOR = " > "
_MAX_SLUG_TRIES = 100


def path_of(tree: CategoryTree, category_id: str) -> str:
    r"""Return a category's path, e.g. `Kitchen > Mugs`; a `>` or `\` in a name is escaped with a backslash."""
    return SEPARATOR.join(_escaped(category.name) for category in tree.path(category_id))


def split_path(text: str) -> list[str]:
    r"""Return the names in a path.

    >>> split_path(r"Kitchen > Mugs \> 1 litre")
    ['Kitchen', 'Mugs > 1 litre']
    """
    names, current = [], ""
    letters = iter(text)
    for letter in letters:
        if letter == "\\":
            current += next(letters, "")
        elif letter == ">":
            names.append(current.strip())
            current = ""
        else:
            current += letter
    names.append(current.strip())
    if not all(names) or len(names) > MAX_DEPTH:
        detail = f"{text[:80]!r} is not a category path such as 'Kitchen > Mugs' of at most {MAX_DEPTH} names"
        raise InvalidError(detail, [Fault("/category", "bad_category", detail)])
    return names


class Places:
    """Turns category paths and collection names into ids; what is not there is created. Remembers what it found."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        self._taxonomy = taxonomy
        self._categories: dict[str, str] = {}
        self._collections: dict[str, str] = {}

    def category(self, path: str) -> str:
        """Return the id of the category that a path (or an id or slug) names."""
        found = self._categories.get(path)
        if found is None:
            found = self._categories[path] = self._find_category(path)
        return found

    def collection(self, name: str) -> str:
        """Return the id of the collection that a name (or an id) names."""
        found = self._collections.get(name)
        if found is None:
            found = self._collections[name] = self._find_collection(name)
        return found

    def _find_category(self, path: str) -> str:
        tree = self._taxonomy.tree(current=True)
        if path in tree.by_id:
            return path
        parent: str | None = None
        for name in split_path(path):
            known = next((c.id for c in tree.children(parent) if c.name == name), None)
            parent = known or self._new_category(name, parent, tree)
            tree = self._taxonomy.tree(current=True) if known is None else tree
        if parent is None:
            raise InvalidError("a category path must not be empty", [Fault("/category", "bad_category", "empty path")])
        return parent

    def _new_category(self, name: str, parent: str | None, tree: CategoryTree) -> str:
        """Create a category; where its slug is taken, the names above it go in front, then a number behind."""
        words = [*(c.name for c in tree.path(parent or "")), name]
        slugs: list[str] = [make_slug(name), make_slug(" ".join(words))]
        slugs += [f"{slugs[1][: MAX_SLUG_LENGTH - 4].rstrip('-')}-{number}" for number in range(2, _MAX_SLUG_TRIES)]
        for slug in slugs:
            if slug not in tree.by_slug:
                try:
                    return self._taxonomy.create_category(_category_input(name, slug, parent)).id
                except NameTakenError:
                    continue  # somebody was faster
        raise NameTakenError(f"no free slug for category {name!r}")

    def _find_collection(self, name: str) -> str:
        collections = self._taxonomy.collections(current=True)
        if name in collections:
            return name
        known = next((c.id for c in collections.values() if c.name == name), None)
        if known is not None:
            return known
        taken = {c.slug for c in collections.values()}
        base = make_slug(name)
        slugs: Sequence[str] = [
            base,
            *(f"{base[: MAX_SLUG_LENGTH - 4].rstrip('-')}-{n}" for n in range(2, _MAX_SLUG_TRIES)),
        ]
        for slug in slugs:
            if slug not in taken:
                return self._taxonomy.create_collection(_collection_input(name, slug)).id
        raise NameTakenError(f"no free slug for collection {name!r}")


def _category_input(name: str, slug: str, parent: str | None) -> CategoryInput:
    _check_name(name)
    return CategoryInput(name=name, slug=slug, parent=parent)


def _collection_input(name: str, slug: str) -> CollectionInput:
    _check_name(name)
    return CollectionInput(name=name, slug=slug)


def _check_name(name: str) -> None:
    # Structs made in code are not checked against their declared lengths.
    if not 1 <= len(name) <= 80:  # noqa: PLR2004
        detail = f"a category's or collection's name has 1 to 80 characters, not {len(name)}"
        raise InvalidError(detail, [Fault("/category", "bad_category", detail)])


def _escaped(name: str) -> str:
    return name.replace("\\", "\\\\").replace(">", "\\>")
