"""The network language: YAML in, a `convcost.network.Network` out. Nothing is counted here."""
