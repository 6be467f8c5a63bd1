"""What a manifest must look like to be read: the files of a run are anyone's to change."""

import json
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, InstanceOf, Json, ValidationError

from ..atomic import OutputError
from ..files import open_regular

MANIFEST = "manifest.json"
FORMAT = 2
"""Format of a run folder; one that is read as another is refused."""


# Names of files need not be text: surrogates stand for their undecodable bytes, and pydantic
# takes no such str for one.
Text = InstanceOf[str]
Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Count = Annotated[int, Field(ge=0)]
Size = Annotated[int, Field(ge=1)]
Rank = Annotated[int, Field(ge=0, le=1 << 32)]
Time = Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")]


class _Entry(BaseModel):
    """Strict: what is of another type is refused, not converted."""

    model_config = ConfigDict(strict=True, extra="allow")


class _Spec(_Entry):
    """Spec of a study, as far as it is shown: it is not run again from this."""

    sources: list[Text]
    measures: list[Text | dict[str, Any]]
    seed: Count
    seeds: Size | None = None
    patches: Size | None = None


class _Component(_Entry):
    kind: str
    name: str
    version: str
    options: Json[dict[str, Any]]
    digest: str
    settings: dict[str, Any] = Field(default_factory=dict)


class _Image(_Entry):
    name: Text
    digest: Digest
    height: Size
    width: Size
    channels: Size
    bits: Annotated[int, Field(ge=1, le=16)]
    group: Text = ""
    ciphers: dict[Annotated[str, Field(pattern="^[0-9]{1,10}$")], Digest] = Field(
        default_factory=dict
    )
    notes: list[Text]


class _Level(_Entry):
    rank: Rank
    label: Text
    short: Text
    phrase: Text
    leaves_nothing: bool


class _Scheme(_Entry):
    name: str
    axis: str
    clear_part: str
    hidden_part: str
    recorded: bool
    keys: Literal["image", "one", "none", "theirs"] = "image"


class _LeftOut(_Entry):
    name: Text
    why: Text
    measure: Text | None
    encoder: Text | None


class _Units(_Entry):
    all: Count = 0
    failed: Count = 0


class _Subsample(_Entry):
    measure: Text
    encoder: Text
    images: Count
    of: Count


class _Gallery(_Entry):
    """Other images that were looked among."""

    images: Count
    digest: str


class _Public(_Entry):
    """Other images that were learned from."""

    found: Count
    copies: Count
    images: list[_Image]


class _Adversary(_Entry):
    """An adversary that learned elsewhere: of how many images, why it was not used, and what it
    learned of each encoder, by digest."""

    name: Text = "none"
    title: Text = ""
    images: Count = 0
    why: Text = ""
    seen: list[Text] = Field(default_factory=list)
    measures: list[Text] = Field(default_factory=list)
    learned: dict[Text, Digest] = Field(default_factory=dict)


class _Manifest(_Entry):
    """Manifest of a study, see :meth:`imleak.study.manifest.Record.manifest`."""

    format: Literal[2]
    spec: _Spec
    command: list[Text] | None
    started: Time
    finished: Time | None
    scheme: _Scheme
    levels: list[_Level]
    components: list[_Component]
    warnings: list[Text]
    subsamples: list[_Subsample]
    images: list[_Image]
    left_out: list[_LeftOut]
    units: _Units
    keys: str
    versions: dict[str, str]
    acceptable: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    findings: list[Text] = Field(default_factory=list)
    unfound: list[Text] = Field(default_factory=list)
    unrebuilt: list[Text] = Field(default_factory=list)
    gallery: _Gallery = Field(default_factory=lambda: _Gallery(images=0, digest=""))
    public: _Public = Field(default_factory=lambda: _Public(found=0, copies=0, images=[]))
    adversary: _Adversary = Field(default_factory=_Adversary)


def read_manifest(path: Path) -> dict[str, Any]:
    """The manifest of a study in a folder, every field of it as it must be. Raises OutputError if
    there is none, or it is not whole, of something else, or of another format."""
    found = read_header(path)
    try:
        _Manifest.model_validate(found)
    except ValidationError as error:
        raise OutputError(
            f"{path} holds no run that can be read: its {MANIFEST} is damaged, or of something "
            f"else than an audit ({_first(error)})"
        ) from error
    return found


def read_header(path: Path) -> dict[str, Any]:
    """A manifest of which only format and spec are known to be there: of an audit or of something
    else that keeps a store. Raises OutputError if there is none, or it is not whole, or of another
    format."""
    try:
        with open_regular(path / MANIFEST) as file:
            found: dict[str, Any] = json.loads(file.read())
    except (OSError, ValueError, RecursionError) as error:
        raise OutputError(_no_run(path)) from error
    is_ours = isinstance(found, dict) and isinstance(found.get("spec"), dict) and "format" in found
    if not is_ours:
        raise OutputError(f"{path} holds no run: its {MANIFEST} is of something else")
    written = found["format"]
    if type(written) is not int or written != FORMAT:
        raise OutputError(
            f"{path} holds a run of format {str(written)[:20]}, and this imleak reads format "
            f"{FORMAT}: use the version that wrote it, or run it again in another folder"
        )
    return found


def _no_run(path: Path) -> str:
    """Why there is no manifest to be read in a folder, and which folder has one."""
    one = "give the folder that imleak audit -o wrote"
    if not path.exists():
        return f"{path}: no such folder; {one}"
    if not (path / MANIFEST).exists():
        return f"{path} holds no run: there is no {MANIFEST} in it; {one}"
    return f"{path} holds no run: its {MANIFEST} cannot be read; {one}"


def _first(error: ValidationError) -> str:
    """Where the first mistake is, and what."""
    detail = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(map(str, detail["loc"]))
    return f"{where}: {detail['msg'][:1].lower()}{detail['msg'][1:]}"
