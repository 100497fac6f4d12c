"""Know the category tree: who is whose parent, and every way up and down."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain

from bodega.domain.catalog.model import MAX_DEPTH, Category
from bodega.errors import Fault, InvalidError


class CategoryTree:
    """An immutable snapshot of all categories.

    Orphans (parent unknown) count as roots, so nothing is ever lost from view.
    """

    def __init__(self, categories: Iterable[Category]) -> None:
        self.by_id: Mapping[str, Category] = {c.id: c for c in categories}
        self.by_slug: Mapping[str, Category] = {c.slug: c for c in self.by_id.values()}
        self._path_ids_of: dict[str, list[str]] = {}
        self._children: dict[str | None, list[Category]] = {}
        for category in sorted(self.by_id.values(), key=lambda c: (c.position, c.name, c.id)):
            parent = category.parent if category.parent in self.by_id else None
            self._children.setdefault(parent, []).append(category)

    def children(self, category_id: str | None) -> Sequence[Category]:
        """Return the direct children in display order; None asks for the roots."""
        return self._children.get(category_id, ())

    def path(self, category_id: str) -> list[Category]:
        """Return the way from the root down to the category itself; empty if it is unknown."""
        way: list[Category] = []
        seen: set[str] = set()
        current = self.by_id.get(category_id)
        while current is not None and current.id not in seen:
            seen.add(current.id)
            way.append(current)
            current = self.by_id.get(current.parent) if current.parent else None
        return way[::-1]

    def with_ancestors(self, category_ids: Sequence[str]) -> list[str]:
        """Return the ids and those of all their ancestors, each once, unknown ones left out."""
        if not category_ids:
            return []
        if len(category_ids) == 1:
            return list(self._path_ids(category_ids[0]))
        return list(dict.fromkeys(chain.from_iterable(map(self._path_ids, category_ids))))

    def _path_ids(self, category_id: str) -> list[str]:
        """Return the ids on a category's path, computed once: every product asks for them."""
        ids = self._path_ids_of.get(category_id)
        if ids is None:
            ids = [category.id for category in self.path(category_id)]
            if ids:  # the unknown must not fill the memory
                self._path_ids_of[category_id] = ids
        return ids

    def below(self, category_id: str) -> Iterator[Category]:
        """Yield the category and everything beneath it, parents first."""
        if category_id in self.by_id:
            yield self.by_id[category_id]
            for child in self.children(category_id):
                yield from self.below(child.id)


def check_place(category: Category, tree: CategoryTree) -> None:
    """Raise InvalidError unless a category may stand where it says: beneath one that is there, in no circle."""
    if category.parent is None:
        return
    if category.parent not in tree.by_id:
        raise InvalidError(
            f"there is no category {category.parent!r}",
            [Fault("/parent", "unknown_category", "no such parent")],
        )
    above = [c.id for c in tree.path(category.parent)]
    if category.id in above:
        raise InvalidError(
            "a category cannot stand beneath itself",
            [Fault("/parent", "category_cycle", "the parent is beneath it")],
        )
    below = _height(tree, category.id)
    if len(above) + below > MAX_DEPTH:
        raise InvalidError(
            f"categories nest at most {MAX_DEPTH} deep",
            [Fault("/parent", "too_deep", "the tree would be too deep")],
        )


def _height(tree: CategoryTree, category_id: str) -> int:
    """Return how many levels a category spans with what is beneath it, itself included; 1 if it is new."""
    return 1 + max((_height(tree, c.id) for c in tree.children(category_id)), default=0)
