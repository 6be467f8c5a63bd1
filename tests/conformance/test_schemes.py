"""Every registered scheme conforms."""

import pytest

from imleak import conformance, plugins

CHECKS = conformance.checks("scheme")
SCHEMES = {name: plugins.load("scheme", name)() for name in sorted(plugins.known("scheme"))}
CASES = [
    pytest.param(scheme, check, id=f"{name}: {what}")
    for name, scheme in SCHEMES.items()
    for what, check in CHECKS.items()
    if conformance.applies(check, scheme)
]


@pytest.mark.parametrize(("scheme", "check"), CASES)
def test_a_scheme_conforms(scheme, check):
    check(scheme)


@pytest.mark.parametrize("name", SCHEMES)
def test_it_is_found_under_its_name(name):
    assert SCHEMES[name].name == name
