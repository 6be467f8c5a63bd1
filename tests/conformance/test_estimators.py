"""Every registered estimator conforms, under every protocol it has."""

from dataclasses import replace

import pytest
import torch
from conforming import cases

from imleak import conformance, plugins
from imleak.conformance.estimator import QUICK
from imleak.estimators.critics import contrastive, variational
from imleak.estimators.samples import counted


@pytest.fixture(autouse=True, scope="module")
def quick():
    """One thread, few steps where no option says so, and few draws of counted rows."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(counted, "MOST_DRAWN", 400)
        for module in (contrastive, variational):

            def briefly(critic, cohort, loss, check, schedule, rng, train=module.train, **options):
                cut = replace(schedule, steps=min(schedule.steps, 2 * QUICK["steps"]))
                return train(critic, cohort, loss, check, cut, rng, **options)

            patch.setattr(module, "train", briefly)
        yield
    torch.set_num_threads(threads)


@cases("estimator", lambda name: conformance.variants("estimator", plugins.load("estimator", name)))
def test_an_estimator_conforms(plugin, check):
    check(plugin)
