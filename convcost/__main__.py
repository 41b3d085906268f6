"""``convcost`` and ``python -m convcost``."""

import gc

# A run builds its tables once and ends: looking for cycles while modules load is a twentieth of the start.
gc.set_threshold(100_000)

from convcost.cli import main  # noqa: E402 - behind the threshold

if __name__ == "__main__":
    main()
