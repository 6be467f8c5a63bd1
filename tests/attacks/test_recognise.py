"""What a network names."""

import numpy as np
import pytest

from imleak.attacks.recognise import Recognise, named, probabilities
from imleak.interfaces import ImleakError, WholeImages

CLASSES = 20


def whole_images(plain, clear, scores=lambda vectors: vectors):
    """Vectors (n, classes), and (L, n, classes), that are their own class scores."""
    return WholeImages(
        levels=tuple(range(len(clear))),
        plain=np.asarray(plain, np.float32),
        clear=np.asarray(clear, np.float32),
        groups=np.arange(len(plain)),
        scores=scores,
    )


def logits(classes, strength=5.0, seed=0):
    """(n, 20) noise with one class higher than the others."""
    found = np.random.default_rng(seed).uniform(size=(len(classes), CLASSES))
    found[np.arange(len(classes)), classes] += strength
    return found


def judged(plain, clear, **more):
    found = Recognise().judge({"network": whole_images(plain, [clear], **more)})
    return {one.quantity: one for one in found}


def test_what_is_named_alike_is_counted():
    """Of 40 images 30 keep their class, and five have it in second place."""
    classes = np.arange(40) % CLASSES
    clear = logits(np.where(np.arange(40) < 30, classes, (classes + 7) % CLASSES), seed=1)
    clear[30:35] += 2 * np.eye(CLASSES)[classes[30:35]]
    clear[35:] -= 2 * np.eye(CLASSES)[classes[35:]]
    found = judged(logits(classes), clear)
    assert found["top-1"].value == 30 / 40
    assert found["top-5"].value == 35 / 40
    assert found["top-1"].verdict == found["top-5"].verdict == "leak"
    assert found["top-1"].chosen == "network"


def test_chance_is_the_class_of_another_image():
    """With two classes, as often as not; a network that says the same of all images finds
    nothing, however often it is right."""
    classes = np.arange(60) % 2
    found = judged(logits(classes), logits(np.zeros(60, int)))
    assert found["top-1"].value == 0.5
    assert found["top-1"].null.mean == pytest.approx(0.5, abs=0.01)
    assert found["top-1"].verdict == "no leak found"
    rare = (np.arange(60) < 3).astype(int)
    frequent = judged(logits(rare), logits(np.zeros(60, int)))
    assert frequent["top-1"].value == 57 / 60
    assert frequent["top-1"].verdict == "no leak found"


def test_ranks_are_those_of_sorted_scores():
    rng = np.random.default_rng(0)
    scores = rng.integers(0, 8, (12, CLASSES)).astype(np.float32)
    classes = rng.integers(0, CLASSES, 12)
    partners = rng.permutation(12)[:, np.newaxis]
    (higher, same), (of_others, _) = named(scores, classes, partners)
    for row, own in enumerate(classes):
        assert higher[row] == (scores[row] > scores[row, own]).sum()
        assert same[row] == (scores[row] == scores[row, own]).sum() - 1
        assert of_others[row, 0] == (scores[row] > scores[row, classes[partners[row, 0]]]).sum()


def test_images_the_network_is_sure_of_are_told_apart():
    """Sure of the first ten, whose class is kept; of the others nothing is."""
    classes = np.arange(40) % CLASSES
    strength = np.where(np.arange(40) < 10, 20.0, 0.5)
    plain = logits(classes, strength)
    clear = logits(np.where(np.arange(40) < 10, classes, (plain.argmax(1) + 3) % CLASSES), seed=1)
    details = judged(plain, clear)["top-1"].details
    assert details["sure"] == 10 / 40
    assert details["value of sure"] == 1
    assert "value of sure" not in judged(0 * plain, clear)["top-1"].details


def test_scores_or_probabilities_say_the_same():
    scores = logits(np.arange(30) % CLASSES, 3.0)
    exponentials = np.exp(scores)
    expected = exponentials / exponentials.sum(1, keepdims=True)
    np.testing.assert_allclose(probabilities(scores.astype(np.float32)), expected, rtol=1e-5)
    np.testing.assert_allclose(probabilities(expected.astype(np.float32)), expected, rtol=1e-5)


def test_nothing_left_is_not_recognised():
    found = judged(logits(np.arange(30) % CLASSES), np.ones((30, CLASSES)))
    assert found["top-1"].value == pytest.approx(1 / CLASSES)
    assert found["top-5"].value == pytest.approx(5 / CLASSES)
    assert all(one.verdict == "no leak found" for one in found.values())


def test_too_few_images_and_no_scores_are_refused():
    four = logits(np.arange(4))
    assert judged(four, four)["top-1"].value == 1
    with pytest.raises(ImleakError, match="recognise needs 4 images"):
        judged(four[:3], four[:3])
    with pytest.raises(ImleakError, match="network gives no class scores"):
        judged(four, four, scores=None)


@pytest.mark.parametrize(("kept", "verdict"), [(1, "no leak found"), (4, "saturated")])
def test_one_of_four_may_be_chance(kept, verdict):
    """Four images of four classes: no broken pair agrees, and that is no proof."""
    classes = np.arange(4)
    found = judged(logits(classes), logits(np.where(classes < kept, classes, classes + 9), seed=1))
    assert found["top-1"].value == kept / 4
    assert found["top-1"].null.p95 == 0
    assert found["top-1"].verdict == verdict


def test_the_classifier_is_an_option():
    assert Recognise().encoders == ("efficientnet-lite0",)
    assert Recognise(classifier="onnx=/m.onnx").encoders == ("onnx=/m.onnx",)


def test_classes_of_others_are_seldom_claimed():
    """Forty sets of clear parts of other images; of 80 rows at most one in twenty."""
    claims = []
    for seed in range(40):
        # As in photographs, some classes are frequent, and the network names some more.
        plain, clear = np.random.default_rng(seed).geometric(0.2, (2, 48)) % CLASSES
        found = judged(logits(plain), logits(clear // 2, seed=seed))
        claims += [one.verdict in ("leak", "saturated") for one in found.values()]
    assert np.mean(claims) <= 0.05
