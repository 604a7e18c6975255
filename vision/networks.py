"""Neural networks kept as ONNX files, run by ONNX Runtime on a graphics card or on one core."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import onnxruntime

CPU = "CPUExecutionProvider"
CUDA = "CUDAExecutionProvider"


class EngineUnavailable(Exception):  # noqa: N818 (it says what happened)
    """What the settings ask for is not on this machine; the text says what to do."""


def providers(wanted: Sequence[str] = ()) -> list[str]:
    """What computes, best first: what is asked for, else a graphics card where onnxruntime-gpu is installed.

    Raises EngineUnavailable for a provider that the installed ONNX Runtime does not have.
    """
    offered = onnxruntime.get_available_providers()
    if absent := [name for name in wanted if name not in offered]:
        raise EngineUnavailable(
            f"VISION_PROVIDERS names {', '.join(absent)}, but the ONNX Runtime here offers {', '.join(offered)}. "
            "Install the package that brings it (onnxruntime-gpu for CUDAExecutionProvider), or leave it out."
        )
    return list(wanted) or [name for name in (CUDA, CPU) if name in offered]


def single_threaded(model: Path, wanted: Sequence[str] = ()) -> onnxruntime.InferenceSession:
    """A session on one thread: chunks run side by side in processes, which scales better.

    A file that was loaded before is not loaded again, unless it has changed. Raises EngineUnavailable when the file is
    no network, too.
    """
    changed_ns = model.stat().st_mtime_ns if model.is_file() else 0
    return _session(model, changed_ns, tuple(wanted))


@lru_cache(maxsize=4)
def _session(model: Path, changed_ns: int, wanted: tuple[str, ...]) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    chosen = providers(wanted)
    try:
        return onnxruntime.InferenceSession(str(model), options, providers=chosen)
    except Exception as error:  # ONNX Runtime's own errors have no common class
        raise EngineUnavailable(f"{model} cannot be loaded as an ONNX network: {error}") from error


def model_given(setting: str, model: Path | None) -> Path:
    """The file that a setting names. Raises EngineUnavailable when it names none, or one that is not there."""
    if model is None:
        raise EngineUnavailable(f"{setting} must name an ONNX file: see requirements-insightface.txt.")
    if not model.is_file():
        raise EngineUnavailable(
            f"{setting} names {model}, which is not there: see requirements-insightface.txt."
        )
    return model
