"""Networks as code of other frameworks."""
