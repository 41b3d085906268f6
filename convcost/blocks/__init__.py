"""Chains from the literature, composed of the primitive as the kinds are.

Each takes what `convcost.kinds` describes; stride, padding and dilation belong to its spatial convolution.
"""

from convcost.blocks.channels import fire, ghost, shuffle_unit
from convcost.blocks.mobile import inverted_residual, squeeze_excite
from convcost.blocks.residual import bottleneck, residual_block

__all__ = ["bottleneck", "fire", "ghost", "inverted_residual", "residual_block", "shuffle_unit", "squeeze_excite"]
