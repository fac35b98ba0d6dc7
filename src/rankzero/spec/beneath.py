"""What holds where nothing stronger was said."""

from __future__ import annotations

from rankzero.spec.given import Given


def beneath(tree: Given, weaker: Given) -> Given:
    """The tree, with what only the weaker one says. Mappings that both have are joined key by key;
    a key without a value says nothing."""
    if tree.value is None:
        return weaker
    if not isinstance(tree.value, dict) or not isinstance(weaker.value, dict):
        return tree
    more = {
        key: beneath(tree.entries.get(key, Given(None)), one) for key, one in weaker.value.items()
    }
    return tree._replace(value={**tree.value, **more})
