"""Images as kinds of data: binary images and colour photographs."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from .batch import Batch
from .likelihoods.bernoulli import BernoulliPixels
from .likelihoods.discretised import DiscretisedLogistic
from .modalities import Modality
from .nets import MLP, FourierFeatures, kaiming_init

CHANNELS = 3
"""Red, green and blue, one whole channel after the other."""

ENCODER_CHANNELS = (16, 32, 64, 128)
"""Channels of the encoder's convolutions, each of which halves height and width."""

DECODER_CHANNELS = (64, 32, 16)
"""Channels of the decoder before each transposed convolution, which doubles both."""

FREQUENCIES, SPREAD = 64, 0.5
"""Random Fourier features of latents in decoders: how many, and waves per unit."""


@dataclass(frozen=True)
class GreyPixels(Modality):
    """Images of zeros and ones, binarised from grey levels.

    Attributes
    ----------
    height, width : int
        In pixels.
    """

    height: int
    width: int

    def encoder(self, width: int) -> nn.Module:
        """Convolutional."""
        return PixelEncoder(1, self.height, self.width, width)

    def likelihood(self, dims: int, width: int) -> BernoulliPixels:
        """Bernoulli, with two hidden layers of ``width``."""
        waves = FourierFeatures(dims, FREQUENCIES, SPREAD)
        net = MLP(waves.outputs, self.height * self.width, width)
        return BernoulliPixels(nn.Sequential(waves, net))


@dataclass(frozen=True)
class ColourPixels(Modality):
    """Images of three channels of 256 levels, divided by 255.

    Attributes
    ----------
    height, width : int
        In pixels, multiples of eight.
    """

    height: int
    width: int

    def encoder(self, width: int) -> nn.Module:
        """Convolutional."""
        return PixelEncoder(CHANNELS, self.height, self.width, width)

    def likelihood(self, dims: int, width: int) -> DiscretisedLogistic:
        """A discretised logistic, with transposed convolutions."""
        return DiscretisedLogistic(conv_decoder(dims, self.height, self.width, width), CHANNELS)


class PixelEncoder(nn.Module):
    """Context from pixels by four convolutions of stride two.

    There is no normalisation: batch normalisation would make rows depend on each other, and
    normalisation of an image would remove its brightness, its main variation.

    Parameters
    ----------
    channels, height, across : int
        Of the images; the latter in pixels.
    width : int
        Of the context.
    """

    def __init__(self, channels: int, height: int, across: int, width: int) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Unflatten(1, (channels, height, across))]
        for before, after in zip((channels, *ENCODER_CHANNELS), ENCODER_CHANNELS, strict=False):
            layers += [nn.Conv2d(before, after, 3, 2, 1), nn.SiLU()]
        left = (
            ENCODER_CHANNELS[-1]
            * _halved(height, len(ENCODER_CHANNELS))
            * _halved(across, len(ENCODER_CHANNELS))
        )
        layers += [nn.Flatten(), nn.Linear(left, width), nn.SiLU()]
        self.net = kaiming_init(nn.Sequential(*layers))

    def forward(self, batch: Batch) -> Tensor:
        """Context of each row; (n, width)."""
        context: Tensor = self.net(2 * batch.x - 1)
        return context


def conv_decoder(dims: int, height: int, across: int, width: int) -> nn.Sequential:
    """From latents (n, dims) to (n, channels * height * across) by transposed convolutions."""
    doublings = 2 ** len(DECODER_CHANNELS)
    small = (DECODER_CHANNELS[0], height // doublings, across // doublings)
    waves = FourierFeatures(dims, FREQUENCIES, SPREAD)
    layers: list[nn.Module] = [waves, nn.Linear(waves.outputs, width), nn.SiLU()]
    layers += [nn.Linear(width, small[0] * small[1] * small[2]), nn.Unflatten(1, small)]
    for before, after in zip(DECODER_CHANNELS, (*DECODER_CHANNELS[1:], CHANNELS), strict=True):
        layers += [nn.SiLU(), nn.ConvTranspose2d(before, after, 4, 2, 1)]
    return nn.Sequential(*layers, nn.Flatten())


def _halved(length: int, times: int) -> int:
    """A length after convolutions of stride two, rounded up by each."""
    return -(-length >> times)
