"""Public ColBERT checkpoints score as their makers say.

Needs what is not ours to carry: the checkpoints, in a folder that FALLOW_COLBERT_MODELS names, as
organisation/model and as fetched from the hub; and the sentences and scores of ../shared.
"""

from __future__ import annotations

import importlib.util
import json
import os
from pathlib import Path

import numpy as np
import pytest

from fallow_index.encoders.sentence_transformer import SentenceTransformerEncoder

MODELS_VARIABLE = "FALLOW_COLBERT_MODELS"
GOLDEN = Path(__file__).parents[4] / "shared" / "apis" / "samples" / "colbert_golden_maxsim.json"
CHECKPOINTS = (
    "answerdotai/answerai-colbert-small-v1",
    "colbert-ir/colbertv2.0",
    "lightonai/GTE-ModernColBERT-v1",
    "lightonai/LateOn",
    "lightonai/Reason-ModernColBERT",
    "lightonai/colbertv2.0",
    "lightonai/mLateOn",
    "mixedbread-ai/mxbai-edge-colbert-v0-17m",
)


@pytest.mark.filterwarnings("default")
@pytest.mark.skipif(not GOLDEN.exists(), reason="needs ../shared")
@pytest.mark.parametrize("name", CHECKPOINTS)
def test_scores_are_the_published_ones(cache: None, name: str) -> None:
    if importlib.util.find_spec("sentence_transformers") is None:
        pytest.skip("the extra `torch` is not installed")
    folder = Path(os.environ.get(MODELS_VARIABLE, "")) / name
    if MODELS_VARIABLE not in os.environ or not folder.is_dir():
        pytest.skip(f"${MODELS_VARIABLE} holds no {name}")
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    encoder = SentenceTransformerEncoder(folder, device="cpu")
    query = encoder.encode_tokens([golden["query"]], query=True).vectors.astype(np.float32)
    documents = encoder.encode_tokens(golden["documents"])
    scores = [
        float((query @ documents.of(at).astype(np.float32).T).max(1).sum()) for at in range(len(documents))
    ]
    np.testing.assert_allclose(scores, golden["maxsim"][name], rtol=1e-3, atol=1e-3)
