"""Where the catalogue means to answer otherwise than the framework, and why.

Each holds for some classes and some questions only, and is used by at least one recorded line: one that is not any
more has to go.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from modelspec.layer import Layer

from .outcome import Outcome, Question


class Exemption(NamedTuple):
    """A deliberate difference. `classes` are names with their dialect; `torch.*` is all of a dialect."""

    reason: str
    classes: tuple[str, ...]
    holds: Callable[[Question, Outcome, Outcome], bool]

    def covers(self, layer: type[Layer], question: Question, ours: Outcome, theirs: Outcome) -> bool:
        """Whether the two outcomes may differ on this question."""
        names = (f"{layer.dialect}.{layer.type_name()}", f"{layer.dialect}.*")
        return any(name in self.classes for name in names) and self.holds(question, ours, theirs)


def _only_ours(pattern: str) -> Callable[[Question, Outcome, Outcome], bool]:
    """That the catalogue refuses in words that match, and the framework accepts."""
    match = re.compile(pattern).match
    return lambda _, ours, theirs: theirs.refused is None and ours.refused is not None and bool(match(ours.refused))


def _differ_in_macs_alone(ours: Outcome, theirs: Outcome) -> bool:
    """That both accept, and say the same of all that is held and given."""
    counts = [[numel for _, numel, _ in outcome.parameters] for outcome in (ours, theirs)]
    return ours.refused is None and theirs.refused is None and ours.outputs == theirs.outputs and counts[0] == counts[1]


PADS = ("ConstantPad", "ZeroPad")
IMAGES = (
    "keras.AugMix",
    "keras.AutoContrast",
    "keras.CenterCrop",
    "keras.ContrastLimitedAdaptiveHistogramEqualization",
    "keras.CutMix",
    "keras.Equalization",
    "keras.MaxNumBoundingBoxes",
    "keras.MixUp",
    "keras.RandAugment",
    "keras.RandomBrightness",
    "keras.RandomColorDegeneration",
    "keras.RandomColorJitter",
    "keras.RandomContrast",
    "keras.RandomCrop",
    "keras.RandomElasticTransform",
    "keras.RandomErasing",
    "keras.RandomFlip",
    "keras.RandomGaussianBlur",
    "keras.RandomGrayscale",
    "keras.RandomHue",
    "keras.RandomInvert",
    "keras.RandomPerspective",
    "keras.RandomPosterization",
    "keras.RandomRotation",
    "keras.RandomSaturation",
    "keras.RandomSharpness",
    "keras.RandomShear",
    "keras.RandomTranslation",
    "keras.RandomZoom",
    "keras.Resizing",
    "keras.Solarization",
)
"""What Keras does to images."""

EXEMPTIONS: tuple[Exemption, ...] = (
    Exemption(
        "a truth value is no number, nor is 1.5 one of an axis: the frameworks take true for 1, or do not look",
        ("torch.*", "keras.*"),
        _only_ours(r"MS205 (?:\w+: .*got true|axis: .*got \d+\.\d+)"),
    ),
    Exemption(
        "a size of 0 is surely not meant: torch makes an empty tensor",
        ("torch.*",),
        _only_ours(
            r"MS206 (out_features|output_size|embedding_dim|hidden_size|nf|shape|split_size_\w+|dim_feedforward|"
            r"num_decoder_layers|squeeze_channels|hidden_channels|in_channels): .*got 0"
        ),
    ),
    Exemption(
        "a padding that cuts off all there is: torch makes an empty tensor where it cuts off no more than that",
        tuple(
            f"torch.{name}{rank}d"
            for name in ("ConvTranspose", *PADS, *(f"{pad}Pad" for pad in ("Circular", "Reflection", "Replication")))
            for rank in (1, 2, 3)
        ),
        _only_ours("MS306 padding: .*(leaves nothing|a padding of -)"),
    ),
    Exemption(
        "an axis of which nothing is left: torch makes an empty tensor",
        ("torch.*",),
        _only_ours("MS306 None: nothing is left"),
    ),
    Exemption(
        "a dilation of 0: torch looks at it in some of its ways to convolve",
        ("torch.ConvTranspose1d", "torch.ConvTranspose2d", "torch.ConvTranspose3d"),
        _only_ours("MS206 dilation: .*got 0"),
    ),
    Exemption(
        "a border of 0 around a plane of which the batch is one axis",
        tuple(f"torch.{pad}{rank}d" for pad in PADS for rank in (1, 2, 3)),
        _only_ours(r"MS303 None: takes \[…, (\w+, )*\w+\], but \[(\d+(, \d+)?)?\] arrives"),
    ),
    Exemption(
        "a factor of 1, which changes nothing: torch takes the batch for the channels that are not there",
        ("torch.PixelShuffle", "torch.PixelUnshuffle"),
        lambda question, ours, theirs: (
            1 in question.arguments.values() and _only_ours("MS303 ")(question, ours, theirs)
        ),
    ),
    Exemption(
        "a frozen batch normalisation is arithmetic to torchvision, which broadcasts what it can",
        ("torch.FrozenBatchNorm2d",),
        _only_ours("MS30[34] "),
    ),
    Exemption(
        "a sample without channels: torch takes the batch for the channels, and mixes samples or drops whole ones",
        (
            *("torch.Dropout1d", "torch.InstanceNorm1d", "torch.InstanceNorm2d", "torch.InstanceNorm3d"),
            *("torch.FractionalMaxPool2d", "torch.FractionalMaxPool3d", "torch.Softmax2d"),
            *("torch.Fold", "torch.Unfold"),
        ),
        lambda question, ours, theirs: _only_ours(rf"MS303 None: takes \[\w+(, \w+){{{len(question.inputs[0])}}}\],")(
            question, ours, theirs
        ),
    ),
    Exemption(
        "a setting outside of its range: torch holds these against nothing, or not before a step of training",
        ("torch.*",),
        _only_ours(r"MS206 (\w+\.)?(dropout|dropout_p|eps|layer_norm_eps|momentum|norm_type|max_norm): "),
    ),
    Exemption(
        "windows that are not what a pooling has: torch does not look at them, or only at the size that is given",
        (
            *("torch.FractionalMaxPool2d", "torch.FractionalMaxPool3d"),
            *("torch.MaxUnpool1d", "torch.MaxUnpool2d", "torch.MaxUnpool3d", "torch.CrossMapLRN2d"),
            *("torch.DropBlock2d", "torch.DropBlock3d"),
        ),
        _only_ours("MS20[56] (kernel_size|stride|padding|size|block_size): "),
    ),
    Exemption(
        "a norm that is no normalisation: torch calls what it is given",
        ("torch.TransformerDecoder", "torch.TransformerEncoder"),
        _only_ours("MS305 norm: norm is |MS303 norm: feeds "),
    ),
    Exemption(
        "a sample of one axis: torch takes the batch for the length",
        tuple(f"torch.Transformer{name}" for name in ("DecoderLayer", "EncoderLayer", "Decoder", "Encoder", "")),
        _only_ours(r"MS303 None: takes \[\w+, d_model\].* but \[\d+\] arrives"),
    ),
    Exemption(
        "a cluster that nothing is left of to look at it with: torch makes an empty tensor",
        ("torch.AdaptiveLogSoftmaxWithLoss",),
        _only_ours("MS305 div_value: "),
    ),
    Exemption(
        "a single number, beside samples of which each axis is 1",
        ("torch.PairwiseDistance",),
        _only_ours(r"MS303 None: .*but \[\] arrives"),
    ),
    Exemption(
        "the type of a layer that is not built: torchvision does not look at it",
        ("torch.MLP",),
        _only_ours("MS206 (activation_layer|norm_layer): .*nonsense"),
    ),
    Exemption(
        "a layer inside that is refused for itself, and for torch is arithmetic that takes what it can",
        ("torch.SpectralNorm", "torch.WeightNorm"),
        _only_ours(r"MS30\d (module: feeds|module\.)"),
    ),
    Exemption(
        "one average of everything: torch computes it without a look at the number of axes",
        ("torch.AdaptiveAvgPool2d", "torch.AdaptiveAvgPool3d"),
        lambda question, ours, theirs: (
            question.arguments["output_size"] in (1, [1, 1], [1, 1, 1]) and _only_ours("MS303 ")(question, ours, theirs)
        ),
    ),
    Exemption(
        "a setting outside of its range: Keras cuts it, or does not look at it",
        ("keras.*",),
        _only_ours(
            r"MS20[56] (epsilon|momentum|dropout|recurrent_dropout|renorm_momentum|lora_rank|input_length|seed): "
            r"|MS20[56] (num_query_heads|reverse_dtype|power_iterations): "
            r"|MS20[56] (sampling_rate|min_freq|max_freq|min_power|sequence_length): "
            r"|MS206 padding: .*got -|MS206 output_shape: .*got 0"
        ),
    ),
    Exemption(
        "an object that Keras does not know, or that cannot be, in an argument without effect",
        ("keras.*",),
        _only_ours(r"MS206 (bias_initializer|bias_regularizer|activity_regularizer): "),
    ),
    Exemption(
        "an orthogonal regularizer of what is no matrix: Keras finds out in the first step of training",
        ("keras.EinsumDense",),
        _only_ours("MS305 (kernel|bias)_regularizer: .*for a matrix"),
    ),
    Exemption(
        "a cell's state that is 1 long, or of units that are 1: Keras broadcasts the one that is only multiplied",
        ("keras.LSTMCell",),
        _only_ours("MS305 units: state_c is "),
    ),
    Exemption(
        "a kernel that is a sum of factors cannot be assigned to: Keras finds out in the first step of training",
        ("keras.SpectralNormalization",),
        _only_ours("MS305 layer: .*lora_rank"),
    ),
    Exemption(
        "an image without channels: Keras takes the batch for its height, and mixes samples",
        IMAGES,
        _only_ours(r"MS303 None: takes \[height, width, channels\]"),
    ),
    Exemption(
        "a setting of what is done to images that is out of its range: Keras looks at it in training, if at all",
        IMAGES,
        _only_ours("MS20[56] "),
    ),
    Exemption(
        "an image that has not three channels, of which the colour is asked: Keras finds out in training",
        tuple(f"keras.Random{name}" for name in ("ColorDegeneration", "Grayscale", "Hue", "Saturation")),
        _only_ours("MS305 None: the colour"),
    ),
    Exemption(
        "bins whose boundaries come from data: Keras makes them when it is given some, before the layer is called",
        ("keras.Discretization",),
        lambda _, ours, theirs: ours.refused is None and "`bin_boundaries` argument" in (theirs.refused or ""),
    ),
    Exemption(
        "a single band or frequency: torch multiplies by a vector or a number, which its counter does not see",
        ("keras.MelSpectrogram",),
        lambda question, ours, theirs: (
            _differ_in_macs_alone(ours, theirs)
            and theirs.macs == 0
            and 1 in map(question.arguments.get, ("num_mel_bins", "fft_length"))
        ),
    ),
    Exemption(
        "categories of a sample in a square: Keras promises the one axis, gives the other, and both are as long",
        ("keras.CategoryEncoding",),
        _only_ours("MS303 output_mode: "),
    ),
    Exemption(
        "an axis named twice, beside a mean for all of it: Keras holds it against nothing",
        ("keras.Normalization",),
        _only_ours("MS305 axis: .*named twice"),
    ),
    Exemption(
        "frames of a spectrogram: Keras promises one more than it gives where they come out even",
        ("keras.MelSpectrogram",),
        lambda _, ours, theirs: ours.refused is None and (theirs.refused or "").startswith("BrokenPromiseError"),
    ),
    Exemption(
        "a noise_shape that does not fit: Keras finds out in the first step of training",
        ("keras.AlphaDropout", "keras.Dropout"),
        _only_ours("MS305 noise_shape: "),
    ),
    Exemption(
        "floating-point numbers as indices: Keras cuts them to integers",
        (
            "keras.CategoryEncoding",
            "keras.Embedding",
            "keras.ReversibleEmbedding",
            "keras.SpectralNormalization",
            "keras.TimeDistributed",
        ),
        _only_ours("MS308 .*indices"),
    ),
    Exemption(
        "integers in a floating-point layer: Keras promises floats, but not every backend has a kernel",
        ("keras.*",),
        lambda question, ours, theirs: (
            "int64" in question.dtypes
            and ours.refused is None
            and bool(
                re.match(
                    r"NotImplementedError|TypeError: Invalid input type|RuntimeError: "
                    r"(result type Float|expected scalar|mean\(\): could not infer|Could not automatically)",
                    theirs.refused or "",
                )
            )
        ),
    ),
    Exemption(
        "integers in a layer that moves, adds or compares values: Keras promises floats, and gives integers",
        tuple(
            f"keras.{name}"
            for name in (
                *("Add", "Concatenate", "Maximum", "Minimum", "Multiply", "Subtract"),
                *("ActivityRegularization", "AlphaDropout", "Dropout", "GaussianDropout", "GaussianNoise", "Masking"),
                *("Cropping1D", "Cropping2D", "Cropping3D", "RepeatVector"),
                *("SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D"),
                *("UpSampling1D", "UpSampling2D", "UpSampling3D", "ZeroPadding1D", "ZeroPadding2D", "ZeroPadding3D"),
            )
        ),
        lambda question, ours, theirs: (
            {*question.dtypes} == {"int64"} and ours.outputs == tuple((shape, "int64") for shape, _ in theirs.outputs)
        ),
    ),
    Exemption(
        "two directions of which one is 1 wide, merged element by element: Keras broadcasts that one",
        ("keras.Bidirectional",),
        _only_ours("MS305 backward_layer: units is (1 in|.* but 1 in)"),
    ),
    Exemption(
        "stateful layers that return their states, in both directions: Keras 3.15 trips over a generator of its own",
        ("keras.Bidirectional",),
        lambda _, ours, theirs: ours.refused is None and "'generator'" in (theirs.refused or ""),
    ),
    Exemption(
        "a list of no axes: the layer does nothing, or Keras takes it for null",
        (
            *("keras.LayerNormalization", "keras.MultiHeadAttention", "keras.Normalization", "keras.Permute"),
            *("keras.Rescaling", "keras.RMSNormalization", "keras.Softmax", "keras.UnitNormalization"),
        ),
        _only_ours("MS206 (axis|dims|output_shape|offset|scale): .*got an empty list"),
    ),
    Exemption(
        "a merge of one input, given as a list: surely others are missing",
        tuple(f"keras.{name}" for name in ("Add", "Average", "Concatenate", "Maximum", "Minimum", "Multiply")),
        _only_ours("MS312 .*but one arrives"),
    ),
    Exemption(
        "an axis that is not there: Keras goes round until it is at one that is",
        ("keras.Dot",),
        _only_ours("MS309 axes: .*is not there"),
    ),
    Exemption(
        "attention_axes that a sample has not: Keras attends over the batch or the heads, or does not look at them",
        ("keras.MultiHeadAttention",),
        _only_ours(
            "MS309 attention_axes: .*(is the batch|is not there|the features)|MS305 attention_axes: .*named twice"
        ),
    ),
    Exemption(
        "a sum over one product: torch multiplies element by element there, which its counter does not see",
        ("keras.EinsumDense", "keras.GroupQueryAttention", "keras.MultiHeadAttention"),
        lambda question, ours, theirs: (
            _differ_in_macs_alone(ours, theirs)
            and (ours.macs or 0) > (theirs.macs or 0)
            and 1 in (*sum(question.inputs, ()), *map(question.arguments.get, ("key_dim", "value_dim", "head_dim")))
        ),
    ),
    Exemption(
        "inputs that are not alike before their length, or in a sum: Keras broadcasts them, the batch too",
        ("keras.Attention",),
        lambda question, ours, theirs: (
            _only_ours("MS303 None: takes |MS313 ")(question, ours, theirs)
            and (
                len({shape[:-2] for shape in question.inputs}) > 1
                or min(map(len, question.inputs)) < 2
                or question.arguments.get("score_mode") == "concat"
            )
        ),
    ),
    Exemption(
        "inputs that are not alike, all of which stand in sums: Keras broadcasts them, the batch too",
        ("keras.AdditiveAttention",),
        _only_ours("MS303 None: takes |MS313 "),
    ),
    Exemption(
        "a value that is 1 long where the query is longer, beside what is attended over: Keras broadcasts it",
        ("keras.MultiHeadAttention",),
        _only_ours(r"MS313 None: query .* \d+ in the one, axis \d+ is 1 in the other$"),
    ),
    Exemption(
        "a window along another axis than the first: Keras masks by the length of the first, which may fit by chance",
        ("keras.MultiHeadAttention",),
        _only_ours("MS305 sliding_window: "),
    ),
    Exemption(
        "an even window on an axis of 1, with padding same and an output_padding of 0: Keras makes an empty tensor",
        ("keras.Conv1DTranspose", "keras.Conv2DTranspose", "keras.Conv3DTranspose"),
        _only_ours("MS306 None: nothing is left"),
    ),
    Exemption(
        "shared_axes that count from the end: Keras shares the axis before the one that is meant",
        ("keras.PReLU",),
        _only_ours("MS309 shared_axes: .*counts from the end"),
    ),
    Exemption(
        "a layer inside that does not fit: Keras calls it without the checks that it makes on its own",
        ("keras.TimeDistributed",),
        _only_ours(r"MS30[35] layer(\.noise_shape)?: "),
    ),
    Exemption(
        "a window longer than the volume, padded to the same size: torch's pooling of volumes refuses it",
        ("keras.AveragePooling3D",),
        lambda _, ours, theirs: ours.refused is None and "smaller than kernel size" in (theirs.refused or ""),
    ),
    Exemption(
        "what only another backend, another device or an installed scipy has",
        ("keras.*",),
        lambda _, ours, theirs: (
            ours.refused is None
            and bool(
                re.search(
                    "synchronized=True|sparse=True|use_cudnn=True|scipy|Lanczos|Flash attention|Given normalized_shape",
                    theirs.refused or "",
                )
            )
        ),
    ),
    Exemption(
        "a number of channels that contradicts what arrives: with neither weights nor statistics torch does not look",
        (
            *("torch.BatchNorm1d", "torch.BatchNorm2d", "torch.BatchNorm3d", "torch.GroupNorm", "torch.SyncBatchNorm"),
            *("torch.InstanceNorm1d", "torch.InstanceNorm2d", "torch.InstanceNorm3d"),
        ),
        lambda question, ours, theirs: (
            _only_ours("MS304 (num_features|num_channels): |MS206 num_features: .*got 0")(question, ours, theirs)
            and not theirs.parameters
            and not theirs.buffers
        ),
    ),
    Exemption(
        "a layer along the batch mixes samples, or does nothing",
        (
            *("torch.Flatten", "torch.LogSoftmax", "torch.Softmax", "torch.Softmin", "torch.Unflatten"),
            *("keras.Activation", "keras.BatchNormalization", "keras.LayerNormalization", "keras.Masking"),
            *("keras.GroupNormalization", "keras.Normalization", "keras.PReLU", "keras.Softmax"),
            *("keras.Rescaling", "keras.UnitNormalization"),
        ),
        _only_ours(r"MS30[359] \w+: .*(is the batch|but \[\] (arrives|has none))"),
    ),
    Exemption(
        "an operation along the batch, which moves nothing or mixes samples",
        tuple(
            f"torch.{name}"
            for name in ("Chunk", "Concat", "Gather", "Slice", "Split", "Squeeze", "Transpose", "Mean", "Sum")
        ),
        _only_ours(r"MS309 \w+: .*(is the batch|but \[\] arrives)"),
    ),
    Exemption(
        "more results than one layer may give here",
        ("torch.Chunk", "torch.Split", "torch.Unbind"),
        _only_ours("MS305 .*at most 256"),
    ),
    Exemption(
        "a slice that is empty or shorter than what is asked for: torch gives what there is",
        ("torch.Slice",),
        _only_ours("MS305 .*(nothing lies|ends at)|MS306 "),
    ),
    Exemption(
        "a padding of the batch, by nothing in all",
        ("torch.Pad",),
        _only_ours(r"MS305 pad: pad is for .* has \d+$"),
    ),
    Exemption(
        "heads of which there is one, without enable_gqa: torch stretches them; or the batch taken for the length",
        ("torch.ScaledDotProductAttention",),
        lambda question, ours, theirs: (
            any(shape[:1] == (1,) or len(shape) < 2 for shape in question.inputs[:3])
            and _only_ours(r"MS3(13 .*axis 1 is \d+ in the one, \d+ in the other|03 .*arrives)")(question, ours, theirs)
        ),
    ),
    Exemption(
        "a factor of 0: torch makes an empty tensor",
        ("torch.Interpolate", "torch.Upsample"),
        _only_ours("MS206 scale_factor: .*got 0"),
    ),
    Exemption(
        "an axis to leave out that is longer than 1, or none: torch leaves all as it is",
        ("torch.Squeeze",),
        _only_ours("MS305 .*only an axis of 1|MS206 dim: .*got an empty list"),
    ),
    Exemption(
        "a new axis of size 0: torch makes an empty tensor",
        ("torch.Expand",),
        _only_ours("MS305 .*with a size of 0|MS206 shape: .*got -"),
    ),
    Exemption(
        "integers in a floating-point layer: torch has kernels for some arguments on some devices",
        ("torch.CosineSimilarity", "torch.FrozenBatchNorm2d", "torch.LSTMCell", "torch.MatMul", "torch.MaxPool1d"),
        _only_ours("MS308 "),
    ),
)


def is_exempt(layer: type[Layer], question: Question, ours: Outcome, theirs: Outcome) -> bool:
    """Whether the two outcomes differ on purpose."""
    return any(exemption.covers(layer, question, ours, theirs) for exemption in EXEMPTIONS)


LEFT_OUT = {
    # The device is no matter of architecture; dtype, trainable and name are keys of every entry.
    "torch": frozenset({"device", "dtype"}),
    "keras": frozenset({"autocast", "dtype", "name", "trainable"}),
}
"""Arguments of the frameworks' constructors that no layer takes in a spec."""

LEFT_OUT_OF = {
    "torch.Transformer": frozenset({"custom_decoder", "custom_encoder"}),  # a module that is made elsewhere
}
"""Arguments of one constructor that no layer takes in a spec."""

OTHER_DEFAULT = (
    {
        (f"torch.{name}", "dim"): "torch chooses an axis by the rank, and warns that it will not any more"
        for name in ("LogSoftmax", "Softmax", "Softmin")
    }
    | {
        (f"torch.{name}", "dim"): "torch begins with the batch, which no layer touches"
        for name in ("Chunk", "Concat", "Slice", "Split", "Stack", "Unbind")
    }
    | {
        (f"torch.{name}", "activation"): "torch's default is the function that is also called relu"
        for name in ("Transformer", "TransformerDecoderLayer", "TransformerEncoderLayer")
    }
    | {
        (f"torch.{name}", argument): "torchvision's default is the class of that name"
        for name, arguments in {
            "Conv2dNormActivation": ("activation_layer", "norm_layer"),
            "Conv3dNormActivation": ("activation_layer", "norm_layer"),
            "MLP": ("activation_layer",),
            "SqueezeExcitation": ("activation", "scale_activation"),
        }.items()
        for argument in arguments
    }
)
"""Arguments whose default is not the framework's, and why."""
