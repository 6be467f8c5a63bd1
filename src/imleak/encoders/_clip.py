"""The vision tower of CLIP in plain PyTorch, with the key names of its checkpoints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

ACTIVATIONS = ("quick_gelu", "gelu")
QUICK_GELU = 1.702


@dataclass(frozen=True)
class Architecture:
    """What config.json says of a vision tower; the defaults are those of transformers."""

    hidden_size: int = 768
    intermediate_size: int = 3072
    projection_dim: int = 512
    num_hidden_layers: int = 12
    num_attention_heads: int = 12
    num_channels: int = 3
    image_size: int = 224
    patch_size: int = 32
    hidden_act: str = "quick_gelu"
    layer_norm_eps: float = 1e-5

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Architecture:
        """From config.json of a vision tower or of a whole CLIP.

        Raises
        ------
        ValueError
            If there is no such network.
        """
        vision = config.get("vision_config", config)
        given = {f.name: vision[f.name] for f in fields(cls) if f.name in vision}
        if "vision_config" in config and "projection_dim" in config:
            given["projection_dim"] = config["projection_dim"]
        made = cls(**given)
        made.check()
        return made

    def check(self) -> None:
        """Refuse what this implementation has not."""
        if self.hidden_act not in ACTIVATIONS:
            raise ValueError(
                f"hidden_act {self.hidden_act!r} is not one of {', '.join(ACTIVATIONS)}"
            )
        for name in ("image_size", "patch_size", "hidden_size", "num_attention_heads"):
            if not isinstance(getattr(self, name), int) or getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)!r}, not a whole number")
        if self.hidden_size % self.num_attention_heads or self.num_channels != 3:
            raise ValueError(
                f"{self.num_attention_heads} heads do not divide {self.hidden_size} features, "
                f"or {self.num_channels} channels are not 3"
            )


class Embeddings(nn.Module):
    """Patches as tokens, after that of the class."""

    def __init__(self, a: Architecture) -> None:
        super().__init__()
        tokens = (a.image_size // a.patch_size) ** 2 + 1
        self.class_embedding = nn.Parameter(torch.empty(a.hidden_size))
        self.patch_embedding = nn.Conv2d(
            a.num_channels, a.hidden_size, a.patch_size, a.patch_size, bias=False
        )
        self.position_embedding = nn.Embedding(tokens, a.hidden_size)

    def forward(self, x: Tensor) -> Tensor:
        patches = self.patch_embedding(x).flatten(2).transpose(1, 2)
        first = self.class_embedding.expand(len(x), 1, -1)
        return torch.cat([first, patches], 1) + self.position_embedding.weight


class Attention(nn.Module):
    """Of every token to all; several heads."""

    def __init__(self, a: Architecture) -> None:
        super().__init__()
        size = a.hidden_size
        self.heads = a.num_attention_heads
        self.q_proj, self.k_proj = nn.Linear(size, size), nn.Linear(size, size)
        self.v_proj, self.out_proj = nn.Linear(size, size), nn.Linear(size, size)

    def fuse(self) -> None:
        """One product for query, key and value."""
        parts = (self.q_proj, self.k_proj, self.v_proj)
        self.qkv = nn.Linear(parts[0].in_features, 3 * parts[0].out_features, device="meta")
        self.qkv.weight = nn.Parameter(torch.cat([part.weight for part in parts]))
        self.qkv.bias = nn.Parameter(torch.cat([part.bias for part in parts]))
        del self.q_proj, self.k_proj, self.v_proj

    def forward(self, x: Tensor, tokens: int | None) -> Tensor:
        """(n, t, d) -> (n, t, d), or of the first `tokens` queries."""
        n, t, d = x.shape
        q, k, v = self.qkv(x).view(n, t, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        seen = functional.scaled_dot_product_attention(q[:, :, :tokens], k, v)
        result: Tensor = self.out_proj(seen.transpose(1, 2).flatten(2))
        return result


class Perceptron(nn.Module):
    """Two linear layers, token by token."""

    def __init__(self, a: Architecture) -> None:
        super().__init__()
        self.fc1 = nn.Linear(a.hidden_size, a.intermediate_size)
        self.fc2 = nn.Linear(a.intermediate_size, a.hidden_size)
        self.quick = a.hidden_act == "quick_gelu"

    def fuse(self) -> None:
        """The factor of quick GELU in the weights: x sigmoid(c x) = silu(c x) / c."""
        if self.quick:
            with torch.no_grad():
                for parameter in self.fc1.parameters():
                    parameter.mul_(QUICK_GELU)
                self.fc2.weight.div_(QUICK_GELU)

    def forward(self, x: Tensor) -> Tensor:
        inner = self.fc1(x)
        shaped = functional.silu(inner, inplace=True) if self.quick else functional.gelu(inner)
        result: Tensor = self.fc2(shaped)
        return result


class Layer(nn.Module):
    """Attention and a perceptron, each added to its input."""

    def __init__(self, a: Architecture) -> None:
        super().__init__()
        self.layer_norm1 = nn.LayerNorm(a.hidden_size, a.layer_norm_eps)
        self.self_attn = Attention(a)
        self.layer_norm2 = nn.LayerNorm(a.hidden_size, a.layer_norm_eps)
        self.mlp = Perceptron(a)

    def forward(self, x: Tensor, tokens: int | None = None) -> Tensor:
        """(n, t, d) -> (n, t, d), or the first `tokens` of them."""
        x = x[:, :tokens] + self.self_attn(self.layer_norm1(x), tokens)
        result: Tensor = x + self.mlp(self.layer_norm2(x))
        return result


class Layers(nn.Module):
    """One after the other; of the last only the first token is computed."""

    def __init__(self, a: Architecture) -> None:
        super().__init__()
        self.layers = nn.ModuleList(Layer(a) for _ in range(a.num_hidden_layers))

    def forward(self, x: Tensor) -> Tensor:
        """(n, t, d) -> (n, d)"""
        *before, last = self.layers
        for layer in before:
            x = layer(x)
        first: Tensor = last(x, tokens=1)[:, 0]
        return first


class VisionTower(nn.Module):
    """CLIP's image encoder.

    Parameters
    ----------
    a : its architecture.
    projected : after the projection to the space shared with texts, or before.
    """

    def __init__(self, a: Architecture, projected: bool) -> None:
        super().__init__()
        self.embeddings = Embeddings(a)
        self.pre_layrnorm = nn.LayerNorm(a.hidden_size, a.layer_norm_eps)
        self.encoder = Layers(a)
        self.post_layernorm = nn.LayerNorm(a.hidden_size, a.layer_norm_eps)
        if projected:
            self.visual_projection = nn.Linear(a.hidden_size, a.projection_dim, bias=False)
        self.projected = projected

    def fuse(self) -> VisionTower:
        """Make it ready for inference, once its weights are there."""
        for module in self.modules():
            if isinstance(module, Attention | Perceptron):
                module.fuse()
        return self

    def forward(self, x: Tensor) -> Tensor:
        """Features (n, d) of normalised pictures (n, 3, H, W)."""
        pooled: Tensor = self.post_layernorm(self.encoder(self.pre_layrnorm(self.embeddings(x))))
        return self.visual_projection(pooled) if self.projected else pooled

    def initialise(self, seed: int) -> None:
        """Random weights as CLIP's training begins with, from a generator of their own."""
        generator = torch.Generator().manual_seed(seed)
        size = self.embeddings.class_embedding.numel()
        depth = (2 * len(self.encoder.layers)) ** -0.5
        deviations = {
            "class_embedding": size**-0.5,
            "patch_embedding.weight": 0.02,
            "position_embedding.weight": 0.02,
            "out_proj.weight": size**-0.5,
            "fc1.weight": (2 * size) ** -0.5,
            "visual_projection.weight": size**-0.5,
        }
        for name, parameter in self.named_parameters():
            if "norm" in name or name.endswith("bias"):
                nn.init.constant_(parameter, float(name.endswith("weight")))
            else:
                known = [d for end, d in deviations.items() if name.endswith(end)]
                deviation = known[0] if known else size**-0.5 * depth  # q, k, v, fc2
                nn.init.normal_(parameter, 0.0, deviation, generator)
