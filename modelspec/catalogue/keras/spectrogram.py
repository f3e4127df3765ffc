"""keras.layers: spectra of sound."""

from collections.abc import Iterator
from typing import Annotated, Any

from modelspec.catalogue.keras.arguments import ActivityRegularizer, DataFormat, OptionalNumber, OptionalSize, Padding
from modelspec.catalogue.keras.window import check_windows, first_spatial_axis, place_channels, slide
from modelspec.kinds import Choice, Number, Optional
from modelspec.layer import Axis, Broken, Example, Layer, Positive, Size, Takes, Tensor, axes, built, no_tensors
from modelspec.shape import UNKNOWN, Count, Dim, Shape, Unknown, numel

_WINDOWS = (
    *("hann", "hamming", "barthann", "bartlett", "blackman", "blackmanharris", "bohman", "boxcar", "cosine", "flattop"),
    *("lanczos", "nuttall", "parzen", "triang", "tukey"),
)
"""Those of scipy that have no parameters, the usual ones first."""


class STFTSpectrogram(Layer):
    """Short-time Fourier transform by convolutions, whose kernels are trained: the spectrum of each frame.

    C1  The input has two axes: steps and channels, or channels and steps with channels_first.
    C2  frame_step is at most frame_length; by default it is half of it, which is at least 1.
    C3  fft_length is at least frame_length; by default it is the next power of two.
    C4  With padding valid, frame_length is at most the number of steps.
    C5  The output has floor((steps − frame_length) / frame_step) + 1 frames, with padding same
        ceil(steps / frame_step); and floor(fft_length / 2) + 1 frequencies for each channel, twice as many with stft.
        With expand_dims frequencies and channels are axes of their own.

    There are two kernels, but one with the modes real and imag.

    Source: keras.layers.STFTSpectrogram.
    """

    takes = Takes("C1", ("steps", "channels"), ("channels", "steps"))
    input_dtype = "float"

    channels: Size = built(take=lambda layer, x: x[0] if layer.data_format == "channels_first" else x[-1])
    frequencies: Size = built(take=lambda layer, _: layer.count_frequencies())
    mode: Annotated[str, Choice("log", "magnitude", "psd", "real", "imag", "angle", "stft")] = "log"
    frame_length: Size = 256
    frame_step: OptionalSize = None
    fft_length: OptionalSize = None
    window: Annotated[str | None, Optional(Choice(*_WINDOWS))] = "hann"
    periodic: bool = False
    scaling: Annotated[str | None, Optional(Choice("density", "spectrum"))] = "density"
    padding: Padding = "valid"
    expand_dims: bool = False
    data_format: DataFormat = None
    activity_regularizer: ActivityRegularizer = None

    def count_frequencies(self) -> Dim:
        """The frequencies of one kernel."""
        length: Any = self.frame_length if self.fft_length is None else self.fft_length
        if isinstance(length, Unknown):
            return UNKNOWN
        whole = length if self.fft_length is not None else 1 << (length - 1).bit_length()
        return int(whole // 2 + 1)

    def _step(self) -> Any:
        return self.frame_length // 2 if self.frame_step is None else self.frame_step

    def _kernels(self) -> int:
        return 1 if self.mode in ("real", "imag") else 2

    def constrain(self, x: Shape) -> Iterator[Broken]:
        length, step = self.frame_length, self._step()
        if isinstance(length, int) and isinstance(step, int) and not 1 <= step <= length:
            message = f"frame_step is {step}, but frame_length {length}"
            yield Broken("C2", message, "frame_step", "write a frame_step from 1 to frame_length")
            return
        if isinstance(length, int) and isinstance(self.fft_length, int) and self.fft_length < length:
            message = f"fft_length is {self.fft_length}, below frame_length, which is {length}"
            yield Broken("C3", message, "fft_length", "leave fft_length out: it is the next power of two")
        if self.padding == "valid":
            first = first_spatial_axis(self.data_format)
            yield from check_windows("C4", "frame_length", ("steps",), x[first : first + 1], (length,), (1,), first)

    def output_shape(self, x: Shape) -> Shape:
        first = first_spatial_axis(self.data_format)
        frames = slide(x[first], self.frame_length, self._step(), self.padding)
        frequencies = self.frequencies * 2 if self.mode == "stft" else self.frequencies
        if not self.expand_dims:
            return place_channels(self.data_format, (frames,), self.channels * frequencies)
        return place_channels(self.data_format, (frames, frequencies), self.channels)

    def list_tensors(self) -> Iterator[Tensor]:
        shape = (*axes(frame_length=self.frame_length), Axis("one", 1), *axes(frequencies=self.frequencies))
        if self.mode != "imag":
            yield Tensor("real_kernel", shape)
        if self.mode != "real":
            yield Tensor("imag_kernel", shape)

    def count_macs(self, x: Shape, y: Shape) -> Count:
        kernels = 1 if self.mode == "stft" else self._kernels()
        return numel(y) * self.frame_length * kernels

    def parameters_by_hand(self) -> str:
        return f"{self._kernels()} * frame_length * frequencies"

    def macs_by_hand(self, x: Shape, y: Shape) -> str:
        kernels = 1 if self.mode == "stft" else self._kernels()
        return " * ".join([*(f"output[{axis}]" for axis in range(len(y))), "frame_length", str(kernels)])

    examples = (
        Example(
            {"frame_length": 8},
            input=(32, 1),
            output=(7, 5),
            parameters=80,
            macs=560,
        ),
        Example(
            {
                "mode": "stft",
                "frame_length": 6,
                "frame_step": 2,
                "padding": "same",
                "expand_dims": True,
                "data_format": "channels_first",
            },
            input=(2, 15),
            output=(2, 8, 10),
            parameters=60,
            macs=960,
        ),
        Example({"mode": "real", "frame_length": 8, "fft_length": 10}, input=(32, 3), output=(7, 18), parameters=48),
        Example({"frame_length": 8}, input=(32,), breaks="C1", code="MS303"),
        Example({"frame_length": 8, "frame_step": 9}, input=(32, 1), breaks="C2", code="MS305"),
        Example({"frame_length": 8, "fft_length": 7}, input=(32, 1), breaks="C3", code="MS305"),
        Example({"frame_length": 8}, input=(7, 1), breaks="C4", code="MS306"),
    )


class MelSpectrogram(Layer):
    """The spectrum of each frame of a sound, summed up in bands as the ear hears them.

    C1  The input has one axis, the steps.
    C2  sequence_length, by default fft_length, is at most fft_length.
    C3  There are more than floor(fft_length / 2) steps, for the sound is mirrored at its ends.
    C4  The output has num_mel_bins bands and floor(steps / sequence_stride) + 1 frames, with an odd
        fft_length floor((steps − 1) / sequence_stride) + 1.

    The transform before the bands is no product of matrices, and not in the MACs.

    Source: keras.layers.MelSpectrogram.
    """

    takes = Takes("C1", ("steps",))
    input_dtype = "float"

    fft_length: Size = 2048
    sequence_stride: Size = 512
    sequence_length: OptionalSize = None
    window: Annotated[str | None, Optional(Choice("hann", "hamming"))] = "hann"
    sampling_rate: Positive = 16000
    num_mel_bins: Size = 128
    min_freq: Annotated[float, Number(0)] = 20.0
    max_freq: OptionalNumber = None
    power_to_db: bool = True
    top_db: Annotated[float, Number()] = 80.0
    mag_exp: Annotated[float, Number()] = 2.0
    min_power: Positive = 1e-10
    ref_power: Annotated[float, Number()] = 1.0
    activity_regularizer: ActivityRegularizer = None

    def constrain(self, x: Shape) -> Iterator[Broken]:
        (steps,), length, fft = x, self.sequence_length, self.fft_length
        if isinstance(length, int) and isinstance(fft, int) and length > fft:
            message = f"sequence_length is {length}, above fft_length, which is {fft}"
            yield Broken("C2", message, "sequence_length", "leave sequence_length out: it is fft_length")
        if isinstance(steps, int) and isinstance(fft, int) and steps <= fft // 2:
            message = f"fft_length is {fft}, but there are only {steps} steps"
            yield Broken("C3", message, "fft_length", f"write an fft_length of at most {2 * steps - 1}", "MS306", 0)

    def output_shape(self, x: Shape) -> Shape:
        (steps,) = x
        return (self.num_mel_bins, (steps - self.fft_length % 2) // self.sequence_stride + 1)

    list_tensors = no_tensors

    def count_macs(self, x: Shape, y: Shape) -> Count:
        return numel(y) * (self.fft_length // 2 + 1)

    def macs_by_hand(self, x: Shape, y: Shape) -> str:
        return "output[0] * output[1] * (fft_length // 2 + 1)"

    def output_by_hand(self, x: Shape) -> dict[str, str]:
        return {"frames": "(input[0] - fft_length % 2) // sequence_stride + 1"}

    examples = (
        Example(
            {"fft_length": 16, "sequence_stride": 4, "num_mel_bins": 5},
            input=(32,),
            output=(5, 9),
            parameters=0,
            macs=405,
        ),
        Example(
            {"fft_length": 15, "sequence_stride": 4, "num_mel_bins": 5},
            input=(32,),
            output=(5, 8),
            parameters=0,
            macs=320,
        ),
        Example({"num_mel_bins": 80}, input=(16_000,), output=(80, 32), parameters=0, macs=2_624_000),
        Example({"fft_length": 16}, input=(2, 32), breaks="C1", code="MS303"),
        Example({"fft_length": 16, "sequence_length": 17}, input=(32,), breaks="C2", code="MS305"),
        Example({"fft_length": 16}, input=(8,), breaks="C3", code="MS306"),
    )
