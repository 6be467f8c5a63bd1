"""Every registered metric conforms."""

from conforming import cases


@cases("metric")
def test_a_metric_conforms(plugin, check):
    check(plugin)
