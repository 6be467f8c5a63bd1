"""Every registered attack conforms."""

from conforming import cases


@cases("attack")
def test_an_attack_conforms(plugin, check):
    check(plugin)
