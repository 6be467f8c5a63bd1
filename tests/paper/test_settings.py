from __future__ import annotations

from collections.abc import Callable

import pytest

from imleak import cli as commands
from imleak.estimators.mine import Mine
from imleak.paper import Settings
from imleak.paper.experiments import experiments
from imleak.paper.settings import CLOSE_TO_THE_LAW, CONTROL, QUICK
from imleak.paper.variants import Variant, held_out, in_sample
from imleak.study import SpecError
from imleak.study.limits import LARGEST

COCO = ("coco",)


def test_the_defaults_are_the_papers() -> None:
    pixels, *spaces = experiments(Settings(COCO))
    assert (pixels.spec.largest, pixels.spec.levels) == (100, None)
    assert {space.spec.patches for space in spaces} == {50}
    (mine, _), *_ = [one.spec.measures[1:3] for one in (pixels, *spaces)]
    assert mine.options["epochs"] == 100
    assert mine.options["protocol"] == "in-sample"


def test_every_figure_has_an_experiment() -> None:
    behind = {figure for one in experiments(Settings(COCO)) for figure in one.figures}
    assert behind == {"1", "2", "3a", "3b", "4", "5", "6a", "6b", "7", "8"}


def test_stand_ins_are_named_and_warned_of() -> None:
    settings = Settings(COCO)
    titles = [space.title for space in settings.spaces]
    assert titles == ["efficientnet-lite0", "resnet50-thin", "clip=random:0"]
    first, second = settings.warnings
    assert "efficientnet-lite0 stands in" in first
    assert "not CLIP ViT-B's" in first
    assert "resnet50-thin stands in" in second


def test_with_weights_nothing_stands_in() -> None:
    settings = Settings(COCO, clip="random:3", resnet="random:4")
    assert [space.title for space in settings.spaces] == ["clip=random:3", "resnet=random:4"]
    assert not any(space.stand_in for space in settings.spaces)
    assert settings.warnings == ()


def test_an_untrained_network_may_be_asked_for_by_name() -> None:
    settings = Settings(COCO, encoders=(CONTROL,))
    assert [space.role for space in settings.spaces] == ["clip", "resnet"]


def test_quick_is_little_but_for_what_is_asked() -> None:
    settings = Settings.of({"images": ["coco"], "epochs": 7, "hidden": "32,16"}, quick=True)
    assert (settings.images, settings.epochs, settings.hidden) == (("coco",), 7, (32, 16))
    assert (settings.patches, settings.ablation) == (QUICK["patches"], 0)


def test_widths_that_are_no_numbers() -> None:
    with pytest.raises(SpecError, match="hidden: 'wide' are no widths; write 100,100"):
        Settings.of({"images": ["coco"], "hidden": "wide"})


def test_a_setting_that_cannot_be() -> None:
    with pytest.raises(SpecError, match="patches: 0 is below 1"):
        Settings(COCO, patches=0)


def test_the_largest_settings_make_studies() -> None:
    most = LARGEST["epochs"] // CLOSE_TO_THE_LAW
    (pixels, *_) = experiments(Settings(COCO, epochs=most, hidden=(LARGEST["hidden"],), batch=2))
    assert pixels.name == "pixels"
    with pytest.raises(SpecError, match=f"epochs: {most + 1} is above {most}"):
        Settings(COCO, epochs=most + 1)


def test_other_views_are_asked_at_the_levels_of_claim_7() -> None:
    *_, last = experiments(Settings(COCO, views=("conv",)))
    assert last.name == "efficientnet-lite0-views"
    assert last.spec.levels == (6, 7)
    (question,) = last.spec.questions()
    assert question.title == "efficientnet-lite0 through conv"


@pytest.mark.parametrize(
    ("variants", "own"),
    [(in_sample, {"samples"}), (held_out, set())],
)
def test_every_choice_the_paper_leaves_open_is_varied(
    variants: Callable[[Settings], tuple[Variant, ...]], own: set[str]
) -> None:
    found = variants(Settings(COCO))
    networks = {"base", "width", "depth", "batch", "rate", "epochs", "patches", "clear", "seed"}
    assert {variant.choice for variant in found} == networks | own
    names = [variant.name for variant in found]
    assert len(names) == len(set(names))


def test_help_says_the_defaults() -> None:
    settings = Settings(COCO)
    text = " ".join((commands.reproduce.__doc__ or "").split())
    for said in (
        f"{settings.largest} largest",
        f"{settings.patches} patches",
        f"{settings.epochs} epochs",
        f"network of {','.join(map(str, settings.hidden))}",
        f"batches of {settings.batch}",
        f"{settings.seeds} repetitions of {settings.folds} folds",
        f"{settings.clear} clear parts",
        f"steps of {settings.round_to:g}",
        f"seed {settings.seed}",
        f"{Mine(protocol='in-sample').rate:.0e} in-sample".replace("e-0", "e-"),
        f"{Mine().rate:.0e} held out".replace("e-0", "e-"),
    ):
        assert said in text


@pytest.mark.parametrize(
    ("encoders", "told"),
    [
        (("resnet50-thin",), "encoders: resnet50-thin stands there in the place of ResNet too"),
        (("pixels=16", "pixels=16"), "encoders: pixels-16 stands there in the place of CLIP"),
    ],
)
def test_an_encoder_stands_in_one_place(encoders: tuple[str, ...], told: str) -> None:
    with pytest.raises(SpecError, match=told):
        experiments(Settings(COCO, encoders=encoders))
