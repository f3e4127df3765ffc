"""The models of specs/zoo as their frameworks build them, on the meta device.

`python -m tests.oracle.zoo` writes down what they are made of; `python -m tests.oracle.zoo --compare` builds them anew,
says what is not as it was written down, a line each, and exits with 1 if anything is not.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .outcome import Shape
from .reference import FOLDER, Reference, count_elements, list_recorded, path_of, read, write

if TYPE_CHECKING:
    import torch

Inputs = tuple[tuple[Shape, str], ...]

SEQUENCE = 128
"""How long the sequences are on which the language models are run."""


# A builder imports its framework itself, so that the list of builders can be read where no framework is.


def _measure(
    framework: str,
    build: Callable[[], torch.nn.Module],
    inputs: Inputs = (),
    at: dict[str, int] | None = None,
) -> Reference:
    """What a torch model holds, and its MACs where `inputs` are given: one sample's shapes and dtypes, in order."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    macs = None
    with torch.device("meta"), torch.no_grad():
        model = build().eval()
        if inputs:
            arriving = [torch.zeros((1, *shape), dtype=getattr(torch, dtype)) for shape, dtype in inputs]
            with FlopCounterMode(display=False) as counter:
                model(*arriving)
            macs = counter.get_total_flops() // 2
    names = {id(tensor): name for name, tensor in model.named_parameters()}
    everywhere = model.named_parameters(remove_duplicate=False)
    saved = set(model.state_dict())
    return Reference(
        framework,
        {name: tuple(tensor.shape) for name, tensor in model.named_parameters()},
        {name: tuple(tensor.shape) for name, tensor in model.named_buffers() if name in saved},
        {name: names[id(tensor)] for name, tensor in everywhere if names[id(tensor)] != name},
        macs,
        at or {},
    )


def _hide_compiled() -> None:
    """torchvision's Python part needs its compiled operations only to describe them; they may not fit this torch."""
    from types import ModuleType

    sys.modules.setdefault("torchvision._meta_registrations", ModuleType("torchvision._meta_registrations"))


def _torch(build: Callable[[], torch.nn.Module], inputs: Inputs = (), at: dict[str, int] | None = None) -> Reference:
    import torch

    return _measure(f"torch {torch.__version__.partition('+')[0]}", build, inputs, at)


def _torchvision(name: str, size: int = 224) -> Reference:
    _hide_compiled()
    import torchvision

    build = getattr(torchvision.models, name)
    return _measure(f"torchvision {torchvision.__version__.partition('+')[0]}", build, (((3, size, size), "float32"),))


def _transformers(model: str, *, runs: bool = True, **configuration: Any) -> Reference:
    _hide_compiled()
    import transformers

    cls = getattr(transformers, model)
    return _measure(
        f"transformers {transformers.__version__}",
        lambda: cls(cls.config_class(**configuration)),
        (((SEQUENCE,), "int64"),) if runs else (),
        {"seq": SEQUENCE} if runs else {},
    )


def build_mixtral() -> Reference:
    """Under the names of the checkpoint, which transformers 5 joins into one tensor for all experts of a layer.

    Not run: which experts a token goes to depends on values, and the meta device has none.
    """
    whole = _transformers("MixtralForCausalLM", runs=False)
    parameters: dict[str, Shape] = {}
    for name, shape in whole.parameters.items():
        name = name.replace(".mlp.", ".block_sparse_moe.")
        if not name.endswith(("gate_up_proj", "down_proj")):
            parameters[name] = shape
            continue
        stem, _, joined = name.rpartition(".")
        experts, rows, columns = shape
        for expert in range(experts):
            if joined == "down_proj":
                parameters[f"{stem}.{expert}.w2.weight"] = (rows, columns)
            else:
                for half in ("w1", "w3"):
                    parameters[f"{stem}.{expert}.{half}.weight"] = (rows // 2, columns)
    return whole._replace(parameters=parameters)


def build_lenet5() -> Reference:
    """In plain torch."""
    from collections import OrderedDict

    from torch import nn

    layers = {
        "conv1": lambda: nn.Conv2d(1, 6, 5),
        "tanh1": nn.Tanh,
        "pool1": lambda: nn.AvgPool2d(2),
        "conv2": lambda: nn.Conv2d(6, 16, 5),
        "tanh2": nn.Tanh,
        "pool2": lambda: nn.AvgPool2d(2),
        "flatten": nn.Flatten,
        "fc1": lambda: nn.Linear(400, 120),
        "tanh3": nn.Tanh,
        "fc2": lambda: nn.Linear(120, 84),
        "tanh4": nn.Tanh,
        "fc3": lambda: nn.Linear(84, 10),
    }
    return _torch(
        lambda: nn.Sequential(OrderedDict((name, build()) for name, build in layers.items())),
        (((1, 32, 32), "float32"),),
    )


def build_unet() -> Reference:
    """In plain torch, named as https://github.com/milesial/Pytorch-UNet names it."""
    import torch
    from torch import nn

    class Double(nn.Module):
        def __init__(self, channels: int, out: int) -> None:
            super().__init__()
            self.double_conv = nn.Sequential(
                nn.Conv2d(channels, out, 3, padding=1, bias=False),
                nn.BatchNorm2d(out),
                nn.ReLU(),
                nn.Conv2d(out, out, 3, padding=1, bias=False),
                nn.BatchNorm2d(out),
                nn.ReLU(),
            )

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            result: torch.Tensor = self.double_conv(x)
            return result

    class Down(nn.Module):
        def __init__(self, channels: int) -> None:
            super().__init__()
            self.maxpool_conv = nn.Sequential(nn.MaxPool2d(2), Double(channels, 2 * channels))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            result: torch.Tensor = self.maxpool_conv(x)
            return result

    class Up(nn.Module):
        def __init__(self, channels: int) -> None:
            super().__init__()
            self.up = nn.ConvTranspose2d(channels, channels // 2, 2, stride=2)
            self.conv = Double(channels, channels // 2)

        def forward(self, x: torch.Tensor, skip: torch.Tensor) -> torch.Tensor:
            result: torch.Tensor = self.conv(torch.cat([skip, self.up(x)], dim=1))
            return result

    class UNet(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inc = Double(1, 64)
            self.down1, self.down2, self.down3, self.down4 = Down(64), Down(128), Down(256), Down(512)
            self.up1, self.up2, self.up3, self.up4 = Up(1024), Up(512), Up(256), Up(128)
            self.outc = nn.ModuleDict({"conv": nn.Conv2d(64, 2, 1)})

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x1 = self.inc(x)
            x2 = self.down1(x1)
            x3 = self.down2(x2)
            x4 = self.down3(x3)
            x = self.up1(self.down4(x4), x4)
            result: torch.Tensor = self.outc["conv"](self.up4(self.up3(self.up2(x, x3), x2), x1))
            return result

    return _torch(UNet, (((1, 512, 512), "float32"),))


def build_transformer() -> Reference:
    """torch's own, by its defaults."""
    import torch

    at = {"source": 10, "target": 20}
    inputs = tuple(((length, 512), "float32") for length in at.values())
    return _torch(lambda: torch.nn.Transformer(batch_first=True), inputs, at)


def build_wavenet() -> Reference:
    """In plain torch."""
    import torch
    from torch import nn

    class Dilated(nn.Module):
        def __init__(self, dilation: int) -> None:
            super().__init__()
            self.dilation = dilation
            self.filter = nn.Conv1d(64, 64, 2, dilation=dilation)
            self.gate = nn.Conv1d(64, 64, 2, dilation=dilation)
            self.skip = nn.Conv1d(64, 256, 1)
            self.residual = nn.Conv1d(64, 64, 1)

        def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            padded = nn.functional.pad(x, (self.dilation, 0))
            gated = torch.tanh(self.filter(padded)) * torch.sigmoid(self.gate(padded))
            return x + self.residual(gated), self.skip(gated)

    class WaveNet(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.Embedding(256, 64)
            self.stack = nn.ModuleList(Dilated(2 ** (number % 10)) for number in range(30))
            self.output1 = nn.Conv1d(256, 256, 1)
            self.output2 = nn.Conv1d(256, 256, 1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = self.embedding(x).transpose(1, 2)
            skips = []
            for layer in self.stack:
                x, skip = layer(x)
                skips.append(skip)
            x = torch.relu(torch.stack(skips).sum(dim=0))
            result: torch.Tensor = self.output2(torch.relu(self.output1(x)))
            return result

    return _torch(WaveNet, (((16_000,), "int64"),))


def build_two_tower() -> Reference:
    """In plain torch."""
    import torch
    from torch import nn

    class Tower(nn.Module):
        def __init__(self, rows: int) -> None:
            super().__init__()
            self.embedding = nn.Embedding(rows, 64)
            self.hidden = nn.Linear(64, 128)
            self.output = nn.Linear(128, 32)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            result: torch.Tensor = self.output(torch.relu(self.hidden(self.embedding(x).flatten(1))))
            return result

    class TwoTower(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.user = Tower(100_000)
            self.item = Tower(50_000)

        def forward(self, user_id: torch.Tensor, item_id: torch.Tensor) -> torch.Tensor:
            return (self.user(user_id) * self.item(item_id)).sum(dim=-1)

    return _torch(TwoTower, (((1,), "int64"), ((1,), "int64")))


def _keras(model: Any, prefixes: dict[str, str]) -> Reference:
    """The weights of a Keras model in order, named by their layer; `prefixes` puts a level before a layer's name."""
    import keras

    parameters: dict[str, Shape] = {}
    for layer in model.layers:
        inside = {"": layer}
        if isinstance(layer, keras.layers.Bidirectional):
            inside = {"forward_layer.": layer.forward_layer, "backward_layer.": layer.backward_layer}
        for attribute, holder in inside.items():
            for weight in holder.weights:
                name = prefixes.get(layer.name, layer.name)
                parameters[f"{name}.{attribute}{weight.name}"] = tuple(weight.shape)
    assert model.count_params() == sum(count_elements(shape) for shape in parameters.values())
    return Reference(f"keras {keras.__version__}", parameters, {}, {}, None, {})


def _import_keras() -> Any:
    import os

    os.environ["KERAS_BACKEND"] = "torch"
    import keras

    return keras.layers


def build_keras_speech() -> Reference:
    """In plain Keras."""
    layers = _import_keras()
    import keras

    model = keras.Sequential(
        [
            keras.Input((None, 13)),
            layers.Bidirectional(layers.GRU(250, return_sequences=True), name="first"),
            layers.Bidirectional(layers.GRU(250, return_sequences=True), name="second"),
            layers.LSTM(250, return_sequences=True, name="third"),
            layers.Dense(29, activation="softmax", name="letters"),
        ]
    )
    return _keras(model, {})


def build_keras_autoencoder() -> Reference:
    """In plain Keras. A layer's name has no dots there, so that its level is put before it afterwards."""
    layers = _import_keras()
    import keras

    half = {"strides": 2, "padding": "same", "activation": "relu"}
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, 3, **half, name="encoder_conv1"),
            layers.Conv2D(64, 3, **half, name="encoder_conv2"),
            layers.Flatten(),
            layers.Dense(16, name="encoder_code"),
            layers.Dense(7 * 7 * 64, activation="relu", name="decoder_dense"),
            layers.Reshape((7, 7, 64)),
            layers.Conv2DTranspose(64, 3, **half, name="decoder_conv1"),
            layers.Conv2DTranspose(32, 3, **half, name="decoder_conv2"),
            layers.Conv2DTranspose(1, 3, padding="same", activation="sigmoid", name="decoder_image"),
        ]
    )
    return _keras(model, {layer.name: layer.name.replace("_", ".") for layer in model.layers})


Builder = Callable[[], Reference]


def _list_torchvision(prefix: str, *variants: str, sizes: dict[str, int] | None = None) -> dict[str, Builder]:
    return {
        name: lambda name=name: _torchvision(prefix + name, (sizes or {}).get(name, 224))  # type: ignore[misc]
        for name in variants
    }


def _list_transformers(model: str, **variants: dict[str, Any]) -> dict[str, Builder]:
    return {
        name: lambda configuration=configuration: _transformers(model, **configuration)  # type: ignore[misc]
        for name, configuration in variants.items()
    }


GPT2_MEDIUM = {"n_embd": 1024, "n_layer": 24, "n_head": 16}
GPT2_LARGE = {"n_embd": 1280, "n_layer": 36, "n_head": 20}
GPT2_XL = {"n_embd": 1600, "n_layer": 48, "n_head": 25}
BERT_LARGE = {"hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16, "intermediate_size": 4096}
LLAMA_3_8B = {"vocab_size": 128_256, "num_key_value_heads": 8, "intermediate_size": 14_336}
LLAMA_3_2_1B = {
    "vocab_size": 128_256,
    "hidden_size": 2048,
    "num_hidden_layers": 16,
    "num_key_value_heads": 8,
    "intermediate_size": 8192,
    "tie_word_embeddings": True,
}

BUILDERS: dict[str, dict[str, Builder]] = {
    "alexnet": {"": lambda: _torchvision("alexnet")},
    "bert": _list_transformers("BertModel", base={}, large=BERT_LARGE),
    "distilbert": {"": lambda: _transformers("DistilBertModel")},
    "efficientnet": _list_torchvision("efficientnet_", "b0", "b1", "b2", "b3", sizes={"b1": 240, "b2": 288, "b3": 300}),
    "gpt2": _list_transformers("GPT2LMHeadModel", small={}, medium=GPT2_MEDIUM, large=GPT2_LARGE, xl=GPT2_XL),
    "keras_autoencoder": {"": build_keras_autoencoder},
    "keras_speech": {"": build_keras_speech},
    "lenet5": {"": build_lenet5},
    "llama": _list_transformers("LlamaForCausalLM", **{"2-7b": {}, "3-8b": LLAMA_3_8B, "3.2-1b": LLAMA_3_2_1B}),
    "mistral": {"": lambda: _transformers("MistralForCausalLM")},
    "mixtral": {"": build_mixtral},
    "mobilenet_v2": {"": lambda: _torchvision("mobilenet_v2")},
    "mobilenet_v3": _list_torchvision("mobilenet_v3_", "large", "small"),
    "resnet_basic": _list_torchvision("", "resnet18", "resnet34"),
    "resnet_bottleneck": _list_torchvision("", "resnet50", "resnet101", "resnet152"),
    "transformer": {"": build_transformer},
    "two_tower": {"": build_two_tower},
    "unet": {"": build_unet},
    "vgg": _list_torchvision("", "vgg11", "vgg13", "vgg16", "vgg19"),
    "vit": _list_torchvision("vit_", "b_16", "b_32", "l_16"),
    "wavenet": {"": build_wavenet},
}
"""For each file of specs/zoo its variants, the empty name where it has none."""


def build(file: str) -> dict[str, Reference]:
    """All variants of a file, from their frameworks."""
    return {variant: builder() for variant, builder in BUILDERS[file].items()}


def record() -> None:
    """Write all files, and remove those that nothing is built for."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for file in BUILDERS:
        path_of(file).write_text(write(build(file)), encoding="utf-8")
    for file in set(list_recorded()) - set(BUILDERS):
        path_of(file).unlink()
    sys.stderr.write(f"{sum(path.stat().st_size for path in FOLDER.iterdir()):,} bytes\n")


def compare() -> int:
    """Write a line for each field of a variant that is not as it was written down; how many there are."""
    found = count = 0
    for file in BUILDERS:
        was, now = read(file), build(file)
        for variant in dict.fromkeys((*was, *now)):
            count += 1
            for field in ("parameters", "buffers", "tied", "macs", "at"):
                one, other = (getattr(side.get(variant), field, None) for side in (was, now))
                if one != other:
                    found += 1
                    sys.stdout.write(f"{file}/{variant}: {field} differ from what is written down\n")
    sys.stderr.write(f"{count} models compared, {found} differences\n")
    return found


if __name__ == "__main__":
    if sys.argv[1:] == ["--compare"]:
        sys.exit(1 if compare() else 0)
    record()
