"""The conformance suite itself: the scheme of the documentation passes, broken ones do not."""

import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from imleak import conformance, plugins
from imleak.cli import app
from imleak.conformance import NotConforming, check, checks, outcomes, variants
from imleak.estimators.infonce import InfoNce
from imleak.interfaces import Exposure, Level, Null, Raster, Scheme
from imleak.schemes.etc import Etc
from imleak.study.components import component

pytestmark = pytest.mark.usefixtures("without_figures")

GUIDE = Path(__file__).parents[2] / "docs" / "extending.md"


def of_the_guide(name):
    """A class of the documentation."""
    blocks = re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    (code,) = [block for block in blocks if f"class {name}" in block]
    scope = {"__name__": "guide"}
    exec(compile(code, str(GUIDE), "exec"), scope)
    return scope[name]


UpperRows = of_the_guide("UpperRows")
Thumbnail = of_the_guide("Thumbnail")
Middle = of_the_guide("Middle")
Edges = of_the_guide("Edges")
Leading = of_the_guide("Leading")
Nearest = of_the_guide("Nearest")
Kept = of_the_guide("Kept")


def failures(kind, plugin):
    return {what: why for what, passed, why in check(kind, plugin) if not passed}


@pytest.mark.parametrize(
    ("kind", "plugin"),
    [
        ("scheme", UpperRows),
        ("encoder", Thumbnail),
        ("rebuilder", Middle),
        ("metric", Edges),
        ("estimator", Leading),
        ("attack", Nearest),
        ("check", Kept),
    ],
)
def test_what_the_guide_shows_conforms(kind, plugin):
    assert failures(kind, plugin) == {}


class Undescribed(UpperRows):
    __doc__ = " "


class WithoutAxis(UpperRows):
    """Lacks an attribute."""

    axis = property()


class Range(UpperRows):
    """Levels are numbers, as they were."""

    def levels(self, bits):
        return range(5)


class Alike(UpperRows):
    """Two levels look the same."""

    def levels(self, bits):
        return tuple(Level(s, "rows encrypted", short=str(s)) for s in range(5))


class Writes(UpperRows):
    """Writes into the image it is given."""

    def encrypt(self, plain, level, keystream):
        plain.samples[:] = super().encrypt(plain, level, keystream).samples
        return plain


class ShowsTheCipher(UpperRows):
    """Its exposure depends on the key."""

    def expose(self, cipher, level):
        self._rows(cipher, level)
        return Exposure(cipher.samples, cipher.bits, {"samples": cipher.samples}, 2**cipher.bits)


class ShowsThePlace(UpperRows):
    """The exposure says which of two keys it was."""

    def expose(self, cipher, level):
        exposure = super().expose(cipher, level)
        return Exposure(exposure.rendered, cipher.bits, {"sum": cipher.samples.sum(2) % 256}, 256)


class KeepsSilent(UpperRows):
    """Leaves out the last bit of what is in the clear."""

    def expose(self, cipher, level):
        exposure = super().expose(cipher, level)
        less = exposure.rendered // 2 * 2
        return Exposure(less, cipher.bits, {"samples": less}, exposure.size, exposure.is_empty)


class RendersHalf(UpperRows):
    """The clear part has another size than the image."""

    def expose(self, cipher, level):
        exposure = super().expose(cipher, level)
        return replace(exposure, rendered=exposure.rendered[:, ::2])


class OwnRandomness(UpperRows):
    """Draws from NumPy."""

    def encrypt(self, plain, level, keystream):
        cipher = plain.samples.copy()
        rows = cipher[:, : self._rows(plain, level)]
        rows ^= np.random.default_rng().integers(0, 2**plain.bits, rows.shape).astype(rows.dtype)
        return Raster(cipher, plain.bits)


class Biased(UpperRows):
    """Keeps a bit three times out of four."""

    def encrypt(self, plain, level, keystream):
        cipher = plain.samples.copy()
        rows = cipher[:, : self._rows(plain, level)]
        key = keystream.take(rows.size, scheme=self.name, level=level, channel=0)
        rows ^= (key.reshape(rows.shape) % 4 == 0).astype(rows.dtype)
        return Raster(cipher, plain.bits)


class OneWay(UpperRows):
    """Does not decrypt what is odd."""

    def decrypt(self, cipher, level, keystream):
        plain = super().decrypt(cipher, level, keystream)
        return Raster(plain.samples // 2 * 2, plain.bits)


class ForgetsAName(UpperRows):
    """Draws under the name of another scheme."""

    def encrypt(self, plain, level, keystream):
        self.name = "bitplanes"
        try:
            return super().encrypt(plain, level, keystream)
        finally:
            self.name = "upper-rows"


class AnyLevel(UpperRows):
    """Takes levels it does not have."""

    def _rows(self, raster, level):
        return raster.height * level // 4


class Remembers(UpperRows):
    """Keeps the key bytes of the last image."""

    def encrypt(self, plain, level, keystream):
        kept = getattr(self, "kept", keystream)
        self.kept = keystream
        return super().encrypt(plain, level, kept)


class SaysEmpty(UpperRows):
    """Says that nothing is left where something is."""

    def expose(self, cipher, level):
        exposure = super().expose(cipher, level)
        return Exposure(
            exposure.rendered, exposure.bits, exposure.symbols, exposure.size, level > 1
        )


class Crashes(UpperRows):
    """Fails on colour."""

    def encrypt(self, plain, level, keystream):
        [_] = plain.samples
        return super().encrypt(plain, level, keystream)


@pytest.mark.parametrize(
    ("broken", "what", "why"),
    [
        (Undescribed, "docstring", "docstring, which lists show"),
        (WithoutAxis, "has what a scheme has", "lacks axis"),
        (Range, "ranked from 0", "return a tuple of Level"),
        (Alike, "label of its own", "two levels have the label"),
        (Writes, "left as it is", "encrypt writes into its image"),
        (
            ShowsTheCipher,
            "same for every key",
            r"two keys differ in rendered, symbols\['samples'\] of",
        ),
        (
            ShowsThePlace,
            "same for every key",
            r"differ in symbols\['sum'\] of their exposures: return what",
        ),
        (KeepsSilent, "no key makes alike", "return all that no key changes"),
        (RendersHalf, "symbols numbered from 0", "rendered in shape and bits"),
        (OwnRandomness, "keystream decides", "draw all that is random from it"),
        (OwnRandomness, "drawn under its own name", "takes no bytes of the keystream"),
        (Biased, "equally frequent", "choose uniformly"),
        (OneWay, "gives the same samples", r"is another image: \d+ of \d+ samples differ"),
        (ForgetsAName, "own name", r"not .'upper-rows', \d"),
        (AnyLevel, "a level that is none", "expose at level -1 is accepted"),
        (Remembers, "keystream decides", "another key gives the same cipher"),
        (SaysEmpty, "is empty where", "so set leaves_nothing"),
        (Crashes, "gives the same samples", "ValueError: too many values .* in encrypt, line"),
    ],
)
def test_a_broken_scheme_is_refused_in_words_of_its_author(broken, what, why):
    found = failures("scheme", broken())
    (reason,) = [reason for check, reason in found.items() if what.lower() in check.lower()]
    assert re.search(why, reason)
    assert "\n" not in reason


class OfTheBatch(Thumbnail):
    """Centres the vectors of a batch."""

    def encode(self, images, bits):
        vectors = super().encode(images, bits)
        return vectors - vectors.mean(0, keepdims=True) if len(vectors) else vectors


class OfEightBits(Thumbnail):
    """Takes every sample for one of 8 bits."""

    def encode(self, images, bits):
        return super().encode(images, 8)


class OfAnySize(Thumbnail):
    """Takes what it cannot look at."""

    def encode(self, images, bits):
        return super().encode(images[:, :, :64, :64], bits)


class Doubles(Thumbnail):
    """Gives float64."""

    def encode(self, images, bits):
        return super().encode(images, bits).astype(np.float64)


class NoDigest(Thumbnail):
    """Has a word for a digest."""

    digest = "thumbnail 1"


class Changed(Edges):
    """Changes what a metric says."""

    def changed(self, one): ...

    def measure(self, observation):
        return [self.changed(one) for one in super().measure(observation)]


class NotANumber(Changed):
    """NaN where there is nothing to divide by."""

    def changed(self, one):
        return replace(one, value=math.nan if one.level else one.value)


class OfNumpy(Changed):
    """Gives what NumPy gives."""

    def changed(self, one):
        return replace(one, value=np.float64(one.value))


class Decibels(Changed):
    """Another unit than it says."""

    def changed(self, one):
        return replace(one, unit="dB")


class TooHigh(Changed):
    """Above its ceiling."""

    def changed(self, one):
        return replace(one, ceiling=0.5)


class OneLevel(Edges):
    """Leaves levels out."""

    def measure(self, observation):
        return super().measure(observation)[:1]


class TooLow(Edges):
    """An upper bound that is none."""

    bound = "upper"


class Paints(Edges):
    """Writes into the plain image."""

    def measure(self, observation):
        found = super().measure(observation)
        observation.plain[:] = 0
        return found


class Drifts(Edges):
    """Counts its calls."""

    calls = 0

    def measure(self, observation):
        Drifts.calls += 1
        return [replace(one, value=one.value - self.calls) for one in super().measure(observation)]


class Sees(Changed):
    """Needs features and does not say so."""

    space = "features"

    def changed(self, one):
        return one


class Absolute(Leading):
    """Takes the absolute value, so that nothing is something."""

    name = "absolute"

    def estimate(self, samples, *, seed=0, progress=None):
        found = super().estimate(samples, seed=seed, progress=progress)
        return [
            replace(
                one,
                value=abs(one.value),
                interval=tuple(sorted(map(abs, one.interval))),
                null=Null(one.null.mean, one.null.p95, tuple(map(abs, one.null.values))),
            )
            for one in found
        ]


class Lower(Leading):
    """Calls a lower bound what is none of values that are equal."""

    bound = "lower"


class Unweighted(InfoNce):
    """Takes counted rows once."""

    def estimate(self, samples, *, seed=0, progress=None):
        samples = replace(samples, weights=None)
        return super().estimate(samples, seed=seed, progress=progress)


class Seedless(Leading):
    """Takes no notice of the seed."""

    def estimate(self, samples, *, seed=0, progress=None):
        return super().estimate(samples, seed=0, progress=progress)


class Positional(Leading):
    """Options that are not keywords."""

    def __init__(self, folds=5):
        super().__init__(folds=folds)


class Anonymous(Leading):
    """Does not say who it is."""

    def estimate(self, samples, *, seed=0, progress=None):
        found = super().estimate(samples, seed=seed, progress=progress)
        return [replace(one, estimator=None) for one in found]


class Certain(Nearest):
    """Finds a leak in everything."""

    def judge(self, spaces, *, seed=0):
        found = super().judge(spaces, seed=seed)
        return [replace(one, verdict="leak") for one in found]


class Uncentred(Nearest):
    """Looks at where vectors lie."""

    def judge(self, spaces, *, seed=0):
        (space,) = spaces.values()
        moved = replace(space, clear=np.where(space.plain.mean() > 1, -space.clear, space.clear))
        return super().judge({"space": moved}, seed=seed)


class Alone(Nearest):
    """Gives no null."""

    def judge(self, spaces, *, seed=0):
        return [replace(one, null=None) for one in super().judge(spaces, seed=seed)]


class Unseeded(Nearest):
    """Draws another null every time."""

    def judge(self, spaces, *, seed=0):
        return super().judge(spaces, seed=np.random.default_rng().integers(2**60))


class Alarmed(Kept):
    """Finds something in everything."""

    def inspect(self, pairs):
        return [replace(one, verdict="leak") for one in super().inspect(pairs)]


class Deaf(Kept):
    """Finds nothing in anything."""

    def inspect(self, pairs):
        return [replace(one, verdict="no leak found") for one in super().inspect(pairs)]


class Certainly(Kept):
    """Has a verdict of estimators."""

    def inspect(self, pairs):
        return [replace(one, verdict="saturated") for one in super().inspect(pairs)]


class Mute(Kept):
    """Says nothing."""

    def inspect(self, pairs):
        return [replace(one, answer="") for one in super().inspect(pairs)]


class Greedy(Kept):
    """Takes nothing for an answer."""

    def inspect(self, pairs):
        return super().inspect(pairs) if pairs else []


class Rubs(Kept):
    """Writes into what it is given."""

    def inspect(self, pairs):
        found = super().inspect(pairs)
        for pair in pairs:
            pair.load()[1][:] = 0
        return found


@pytest.mark.parametrize(
    ("kind", "broken", "what", "why"),
    [
        ("check", Alarmed, "fresh keystreams", "leak of ciphers under uniform"),
        ("check", Deaf, "fresh keystreams", "that are the plain images are no finding"),
        ("check", Certainly, "every quantity", "is neither 'leak' nor 'no leak found'"),
        ("check", Mute, "every quantity", "give a sentence of one line"),
        ("check", Greedy, "no pairs", "no pairs is accepted"),
        ("check", Rubs, "same pairs", "writes into the images"),
        ("encoder", OfTheBatch, "other images of its batch", "an image alone changes vectors"),
        ("encoder", OfEightBits, "scaled", "the same image at 16 bits changes vectors"),
        ("encoder", OfAnySize, "another size", "a patch of 65x65 is accepted"),
        ("encoder", Doubles, "finite", "float64, not float32"),
        ("encoder", NoDigest, "has what", "give a SHA-256"),
        ("metric", NotANumber, "a value a level", "the value is nan"),
        ("metric", OfNumpy, "a value a level", r"give Python's numbers"),
        ("metric", Decibels, "a value a level", "the unit is 'dB', that of the metric '1'"),
        ("metric", TooHigh, "a value a level", "above its ceiling 0.5"),
        ("metric", OneLevel, "a value a level", r"levels are \[0\], not \[0, 1, 2"),
        ("metric", TooLow, "upper bound", "below the entropy"),
        ("metric", Paints, "a value a level", "writes into the plain image"),
        ("metric", Drifts, "same values", "gave other values"),
        ("metric", Sees, "without features", "without features is accepted"),
        ("estimator", Absolute, "negative", "do not clip them"),
        ("estimator", Lower, "counted rows", r"it finds \d\.\d+ bits where there are 0.27"),
        ("estimator", Unweighted, "counted rows", "use weights"),
        ("estimator", Seedless, "same seed", "is it used"),
        ("estimator", Positional, "keyword", r"\*, folds="),
        ("estimator", Anonymous, "one finite", "the estimator is None, not 'leading'"),
        ("attack", Certain, "a measurement has", "though the interval touches the null"),
        ("attack", Certain, "is found", r"constant: leak|independent of the image: leak"),
        ("attack", Uncentred, "shifted", "centre the vectors first"),
        ("attack", Alone, "a measurement has", "interval, null or ceiling is None"),
        ("attack", Unseeded, "same seed", "gave other numbers"),
    ],
)
def test_a_broken_plugin_of_another_kind_is_refused(kind, broken, what, why):
    (check,) = [each for name, each in checks(kind).items() if what in name.lower()]
    made = next(iter(variants(kind, broken).values()))
    with pytest.raises(NotConforming, match=why):
        check(made)


def test_what_cannot_be_made_is_told():
    class Needy(UpperRows):
        def __init__(self, rows):
            self.rows = rows

    assert [outcome.what for outcome in check("scheme", Needy)] == ["It can be made"]
    assert "rows" in failures("scheme", Needy)["It can be made"]
    assert failures("scheme", Needy(3)) == {}


def test_options_are_those_of_the_constructor():
    assert failures("scheme", "recorded") == {}
    assert "give 1 or more" in next(iter(outcomes("scheme", Etc, block=0))).why


def test_checks_of_ciphers_leave_the_function_of_that_name():
    assert failures("check", "inspect") == {}
    assert conformance.check is check


def test_a_check_raises_what_it_found():
    run = checks("scheme")["Decrypting gives the same samples again"]
    run(UpperRows())
    with pytest.raises(NotConforming, match="another image"):
        run(OneWay())


@pytest.fixture
def registered():
    yield plugins.register(UpperRows)
    plugins.unregister("upper-rows")


def test_a_class_is_registered_under_its_name(registered):
    assert registered is UpperRows
    assert plugins.load("scheme", "upper-rows") is UpperRows
    assert "upper-rows" in plugins.known("scheme")
    assert isinstance(plugins.load("scheme", "upper-rows")(), Scheme)


def test_an_instance_is_registered_and_takes_no_options():
    made = Etc(block=8)
    plugins.register(made, name="etc-8")
    try:
        loaded = plugins.load("scheme", "etc-8")
        assert loaded() is made
        assert (loaded.name, loaded.version) == ("etc", "1")
        assert loaded.__doc__ == Etc.__doc__
        with pytest.raises(TypeError):
            loaded(block=4)
        assert next(outcomes("scheme", "etc-8")).passed
    finally:
        plugins.unregister("etc-8")
    assert "etc-8" not in plugins.known("scheme")
    with pytest.raises(plugins.UnknownNameError, match="etc-8"):
        plugins.unregister("etc-8")


@pytest.mark.usefixtures("registered")
def test_a_registered_name_is_taken():
    with pytest.raises(plugins.NameCollisionError, match="call unregister"):
        plugins.register(UpperRows())
    with pytest.raises(plugins.NameCollisionError, match=r"imleak\.schemes\.etc:Etc"):
        plugins.register(UpperRows(), name="etc")


def test_a_measure_cannot_take_the_name_of_one_of_another_kind():
    class Edges:
        name, version, unit, bound, space = "mine", "1", "1", "none", "pixels"

        def measure(self, observation): ...

    with pytest.raises(plugins.NameCollisionError, match=r"'mine' is taken by imleak\.estimators"):
        plugins.register(Edges)


@pytest.mark.parametrize(
    ("plugin", "kind", "why"),
    [
        (object(), None, r"methods of no plugin \(scheme: levels, expose; encoder: encode"),
        (
            type("Both", (UpperRows,), {"encode": print}),
            None,
            "could be scheme or encoder: give kind=",
        ),
        (UpperRows, "encoder", "is no encoder yet: add encode"),
        (type("Old", (UpperRows,), {"version": 2}), None, "version is 2; give a text"),
        (type("Bare", (), {"levels": 0, "expose": 0}), None, "no scheme yet: add name, version"),
        (type("Odd", (UpperRows,), {"name": "a b"}), None, "use letters, digits"),
    ],
)
def test_what_is_no_plugin_is_refused(plugin, kind, why):
    with pytest.raises(plugins.RegistrationError, match=why) as error:
        plugins.register(plugin, kind=kind)
    assert "\n" not in str(error.value)


def test_the_command_says_what_passes_and_what_does_not(monkeypatch, tmp_path):
    (tmp_path / "broken.py").write_text(
        "from imleak.schemes.region import Region\n"
        "class Shown(Region):\n"
        "    '''Shows the cipher.'''\n"
        "    def expose(self, cipher, level):\n"
        "        return super().expose(cipher, 0 if level == 1 else level)\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    done = CliRunner().invoke(app, ["plugin", "check", "broken:Shown"])
    assert done.exit_code == 1
    lines = done.stdout.splitlines()
    assert lines[0].startswith("ok     It has what a scheme has")
    assert lines[-1] == "17 checks, 1 failed"
    (failed,) = [line for line in lines if line.startswith("failed")]
    assert "level 1: two keys differ in rendered" in failed

    done = CliRunner().invoke(app, ["plugin", "check", "recorded"])
    assert done.exit_code == 0
    assert done.stdout.endswith("8 checks, none failed\n")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("ect", "did you mean 'etc'"),
        ("etc=8", "etc takes no value"),
        ("nowhere:Thing", "give module:Class"),
        ("imleak.schemes.etc:Thing", "give module:Class"),
        ("os:path", "methods of no plugin"),
    ],
)
def test_the_command_refuses_in_one_line(name, why):
    done = CliRunner().invoke(app, ["plugin", "check", name])
    assert done.exit_code == 2
    assert why in done.stderr
    assert done.stderr.count("\n") == 1


def test_what_is_registered_anew_is_made_anew():
    def level_1():
        return component("scheme", "again", {}).build().levels(8)[1].label

    for block in (8, 4):
        plugins.register(Etc(block=block), name="again")
        try:
            assert level_1() == f"{block}x{block} blocks permuted"
        finally:
            plugins.unregister("again")


@pytest.mark.parametrize("name", ["pixels=8", "pixels:size=8", "phasors=16", "attributes"])
def test_values_are_read_as_elsewhere(name):
    done = CliRunner().invoke(app, ["plugin", "check", name])
    assert done.exit_code == 0, done.output


def test_an_option_that_a_plugin_has_not_is_refused():
    done = CliRunner().invoke(app, ["plugin", "check", "pixels:sizes=8"])
    assert done.exit_code == 2
    assert "pixels has no option sizes" in done.stderr
