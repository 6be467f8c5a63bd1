"""Every registered scheme conforms."""

from conforming import cases


@cases("scheme")
def test_a_scheme_conforms(plugin, check):
    check(plugin)
