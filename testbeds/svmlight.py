"""A user's labelled data in svmlight form, such as a9a or w8a."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ratecheck.theory.arrays import FloatArray
from ratecheck.theory.errors import InputError


def read_svmlight(path: Path | str) -> tuple[FloatArray, FloatArray]:
    """Return features, shape (samples, features), and labels +-1, shape (samples,).

    The larger of the two labels in the file is the positive class.

    Raises
    ------
    InputError
        If the file is missing, is not svmlight, or does not hold two classes.
    """
    from sklearn.datasets import load_svmlight_file

    try:
        features, labels = load_svmlight_file(str(path))
    except FileNotFoundError as error:
        raise InputError(f"there is no file {path}; give the path of a data set in svmlight form.") from error
    except IsADirectoryError as error:
        raise InputError(f"{path} is a folder; give the path of a data set in svmlight form.") from error
    except (ValueError, UnicodeDecodeError) as error:
        raise InputError(
            f"{path} is not in svmlight form ({error}); each line must read 'label index:value index:value ...'."
        ) from error
    return features.toarray(), two_classes(labels, f"the labels in {path}")


def two_classes(labels: FloatArray, name: str = "the labels") -> FloatArray:
    """Return labels +-1, +1 for the larger one; raise `InputError` unless there are exactly two classes."""
    classes = np.unique(labels)
    if len(classes) != 2:
        shown = ", ".join(f"{label:g}" for label in classes[:5])
        raise InputError(
            f"{name} hold {len(classes)} class{'es' if len(classes) != 1 else ''} ({shown}), but exactly two are "
            "needed; choose data with both positives and negatives."
        )
    return np.where(labels == classes[1], 1.0, -1.0)
