"""Tests of everything that is registered: a case for every check of every plugin."""

from functools import cache

import pytest

from imleak import conformance, plugins


@cache
def made(kind, name, label):
    """A variant of a plugin, made once for all checks."""
    return conformance.variants(kind, plugins.load(kind, name))[label]


def cases(kind, labels=lambda name: [""]):
    """(plugin, check) of every name, variant and check that applies."""
    return pytest.mark.parametrize(
        ("plugin", "check"),
        [
            pytest.param(
                made(kind, name, label), check, id=" ".join(filter(None, (label, name, what)))
            )
            for name in sorted(plugins.known(kind))
            for label in labels(name)
            for what, check in conformance.checks(kind).items()
            if conformance.applies(check, made(kind, name, label))
        ],
    )
