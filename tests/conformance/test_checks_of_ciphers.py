"""Every registered check of ciphers conforms."""

from conforming import cases


@cases("check")
def test_a_check_of_ciphers_conforms(plugin, check):
    check(plugin)
