"""What the paper sets, what it leaves open, and what is taken here where nothing is asked for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from ..study.limits import LARGEST, LARGEST_OF_OTHERS, LARGEST_SEED
from ..study.mistakes import Mistake, Mistakes, SpecError, mistakes_in
from ..study.options import EncoderChoice
from .curves import Role

STAND_IN_CLIP, STAND_IN_RESNET, CONTROL = "efficientnet-lite0", "resnet50-thin", "clip=random:0"
"""Encoders that can be had without anybody's permission, for those whose weights are not
given; and the untrained network that stands beside CLIP's stand-in."""

NAMES = {"clip": "CLIP ViT-B", "resnet": "ResNet"}
"""What the paper calls the encoder in a role."""

QUICK: Mapping[str, Any] = {
    "largest": 20,
    "patches": 10,
    "epochs": 20,
    "seeds": 1,
    "folds": 3,
    "sensitivity": False,
    "control": False,
    "ablation": 0,
}
"""Settings of a first look."""


CLOSE_TO_THE_LAW = 4
"""Steps of `tabular-mine` an epoch of MINE: as many as the table needs to be learned."""


def _weights_of(encoder: str) -> Callable[[str], str]:
    """Checks what stands for the weights of an encoder."""

    def check(weights: str) -> str:
        try:
            EncoderChoice.model_validate(f"{encoder}={weights}")
        except ValidationError as error:
            raise Mistakes(
                replace(one, field=encoder, what=one.what.replace(f"{encoder}=", ""))
                for one in mistakes_in(error, EncoderChoice.model_fields, {})
            ) from error
        return weights

    return check


class Ranges(BaseModel):
    """What settings can be, by their names."""

    model_config = ConfigDict(extra="ignore")

    largest: Annotated[int, Field(ge=1, le=LARGEST["largest"])] | None
    clear: Literal["scaled", "shifted"]
    patches: Annotated[int, Field(ge=1, le=LARGEST["patches"])]
    epochs: Annotated[int, Field(ge=1, le=LARGEST["epochs"] // CLOSE_TO_THE_LAW)]
    hidden: Annotated[
        tuple[Annotated[int, Field(ge=1, le=LARGEST["hidden"])], ...], Field(min_length=1)
    ]
    batch: Annotated[int, Field(ge=2, le=LARGEST_OF_OTHERS)]
    rate: Annotated[float, Field(gt=0, le=LARGEST_OF_OTHERS, allow_inf_nan=False)] | None
    round_to: Annotated[float, Field(gt=0, le=LARGEST_OF_OTHERS, allow_inf_nan=False)]
    seed: Annotated[int, Field(ge=0, le=LARGEST_SEED)]
    seeds: Annotated[int, Field(ge=1, le=LARGEST["seeds"])]
    folds: Annotated[int, Field(ge=2, le=LARGEST["folds"])]
    ablation: Annotated[int, Field(ge=0, le=LARGEST["limit"])]
    clip: Annotated[str, AfterValidator(_weights_of("clip"))] | None
    resnet: Annotated[str, AfterValidator(_weights_of("resnet"))] | None


@dataclass(frozen=True)
class Space:
    """An encoder in the place of one of the paper's.

    Parameters
    ----------
    encoder : as ``--encoder`` takes it.
    role : whose place.
    stand_in : whether it is another network than the paper's.
    """

    encoder: str
    role: Role
    stand_in: bool

    @property
    def title(self) -> str:
        """What its rows call it."""
        return EncoderChoice.model_validate(self.encoder).component({}).title


@dataclass(frozen=True)
class Settings:
    """A reproduction. The defaults are the paper's where it has one, else the most natural.

    Parameters
    ----------
    images : files, folders, globs or ``dead-leaves:COUNTxHEIGHTxWIDTH``.
    largest, annotations : the N of highest resolution, and where COCO says their sizes.
    levels : None for all.
    clear : form of the clear part: ``p << s`` is "scaled", ``(p << s) >> s`` "shifted".
    clip, resnet : weights, ``local-dir:FOLDER`` or ``hf-hub:ORG/NAME``; None for a stand-in.
    encoders : in place of the stand-ins for CLIP.
    views : other ways to look at the clear parts at s = 6 and 7 for what CLIP, or its
        stand-in, tells of the plain image: ``conv``.
    control : whether an untrained CLIP stands beside its stand-in.
    patches : N, places each image is cut at.
    epochs, hidden, batch, rate : of MINE.
    round_to : step of the rounded features.
    seed : of everything random.
    seeds, folds : repetitions and folds of held-out estimates.
    sensitivity : whether the smallest leak is found that would have been seen.
    ablation : images of the ablation in-sample, held out are all; 0 for no ablation.
    device : of encoders and estimators.

    Raises
    ------
    SpecError
        If a setting cannot be; the message names every mistake.
    """

    images: tuple[str, ...]
    largest: int | None = 100
    annotations: str | None = None
    levels: str | None = None
    clear: str = "scaled"
    clip: str | None = None
    resnet: str | None = None
    encoders: tuple[str, ...] = (STAND_IN_CLIP,)
    views: tuple[str, ...] = ()
    control: bool = True
    patches: int = 50
    epochs: int = 100
    hidden: tuple[int, ...] = (100, 100)
    batch: int = 500
    rate: float | None = None
    round_to: float = 1.0
    seed: int = 0
    seeds: int = 2
    folds: int = 5
    sensitivity: bool = True
    ablation: int = 20
    device: str | None = None

    def __post_init__(self) -> None:
        try:
            Ranges.model_validate(vars(self), strict=True)
        except ValidationError as error:
            raise SpecError(mistakes_in(error, Ranges.model_fields, vars(self))) from error

    @classmethod
    def of(cls, given: Mapping[str, Any], *, quick: bool = False) -> Self:
        """Settings as the command line has them: lists, and `hidden` as text.

        Parameters
        ----------
        given : fields by name; those not given have their default.
        quick : little of everything, for a first look, but for what is given.

        Raises
        ------
        SpecError
            If a setting cannot be; the message names every mistake.
        """
        fields: dict[str, Any] = {
            name: tuple(v) if isinstance(v, list) else v for name, v in given.items()
        }
        if isinstance(hidden := given.get("hidden"), str):
            fields["hidden"] = _widths(hidden)
        return cls(**{**(QUICK if quick else {}), **fields})

    @property
    def spaces(self) -> tuple[Space, ...]:
        """CLIP's place, ResNet's place, the control."""
        clip = self.encoders if self.clip is None else (f"clip={self.clip}",)
        resnet = STAND_IN_RESNET if self.resnet is None else f"resnet={self.resnet}"
        found = [Space(name, "clip", self.clip is None) for name in clip]
        found.append(Space(resnet, "resnet", self.resnet is None))
        if self.control and self.clip is None and CONTROL not in clip:
            found.append(Space(CONTROL, "control", True))
        return tuple(found)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is not the paper's, to be shown before anything runs."""
        return tuple(
            f"No weights of {NAMES[role]} were given (--{role} local-dir:FOLDER): "
            f"{' and '.join(stand)} stands in for it. Its numbers are not {NAMES[role]}'s, "
            "and are shown under its own name."
            for role in ("clip", "resnet")
            if (stand := [s.title for s in self.spaces if s.role == role and s.stand_in])
        )


def _widths(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(width) for width in text.split(","))
    except ValueError:
        mistake = Mistake("hidden", f"{text!r} are no widths; write 100,100")
        raise SpecError([mistake]) from None
