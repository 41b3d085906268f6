"""convcost: what a convolution costs, and why."""

__version__ = "0.1.0"
