"""A fresh Qwen2 of 3.7 M parameters, some of whose heads start out as previous-token heads.

Reading a fact from context is induction (Olsson et al. 2022, arXiv:2209.11895): a head that looks one token back
feeds a head that copies what followed. Qwen2 has biases on q and k, so with RoPE (arXiv:2104.09864) a constant q bias
rotated by the offset makes a head attend to exactly that offset, whatever the content. Measured: induction forms
within minutes.
"""

import torch
from transformers import Qwen2Config, Qwen2ForCausalLM

_LOOK_BACK = ((0, 0, 1), (0, 1, 1), (0, 2, 2), (0, 3, 3), (1, 0, 1))  # layer, head, tokens back
_STRENGTH = 5.0


def fresh(vocabulary: int, pad: int, end: int, seed: int) -> Qwen2ForCausalLM:
    """An untrained memsrv-tiny."""
    torch.manual_seed(seed)
    config = Qwen2Config(
        vocab_size=vocabulary,
        hidden_size=256,
        num_hidden_layers=4,
        num_attention_heads=8,
        num_key_value_heads=8,
        intermediate_size=512,
        max_position_embeddings=4096,
        tie_word_embeddings=True,
        eos_token_id=end,
        pad_token_id=pad,
        bos_token_id=None,
    )
    model = Qwen2ForCausalLM(config)
    look_back(model)
    return model


def look_back(model: Qwen2ForCausalLM) -> None:
    """Turn a few heads into previous-token heads by their biases."""
    size = model.config.hidden_size // model.config.num_attention_heads
    half = size // 2
    frequencies = 10000.0 ** (-torch.arange(half).float() / half)
    with torch.no_grad():
        for layer, head, offset in _LOOK_BACK:
            attention = model.model.layers[layer].self_attn
            rows = slice(head * size, (head + 1) * size)
            attention.q_proj.weight[rows] *= 0.05
            attention.k_proj.weight[rows] *= 0.05
            attention.k_proj.bias[rows] = torch.cat([torch.full((half,), _STRENGTH), torch.zeros(half)])
            turned = -offset * frequencies
            attention.q_proj.bias[rows] = torch.cat([_STRENGTH * turned.cos(), _STRENGTH * turned.sin()])
            attention.v_proj.weight[rows] *= 2
            attention.o_proj.weight[:, rows] *= 2
