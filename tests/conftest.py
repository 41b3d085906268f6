"""What tests share: ``--overwrite`` rewrites what they compare with, the golden files and the documents' output."""

from pathlib import Path

import pytest

GOLDEN = Path(__file__).parent / "golden"


def pytest_addoption(parser):
    parser.addoption(
        "--overwrite", action="store_true", help="write what convcost prints over what it is compared with"
    )


@pytest.fixture
def golden(request):
    """A check that a text is what a golden file holds."""

    def check(name, text):
        path = GOLDEN / name
        if request.config.getoption("--overwrite"):
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(text.encode())
        assert path.is_file(), f"{path} is missing: pytest --overwrite writes it"
        assert text == path.read_bytes().decode()

    return check
