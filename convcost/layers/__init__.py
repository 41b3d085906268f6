"""The layers: what each is, its output shape and its counts, by calling the formulas.

Shapes are ``(channels, *spatial)`` without the batch. Import a layer from the module that defines it
(``convcost.layers.conv``), or from ``convcost`` itself, which loads only what is asked for.
"""
