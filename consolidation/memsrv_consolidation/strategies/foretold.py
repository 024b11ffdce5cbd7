"""The logits of the tokens that are learned, and of no others: most of a conversation is read, a little is answered.

A vocabulary of 150,000 makes the output layer the most of a small base, and its logits the most of a step's memory.
Works on any causal LM, wrapped or not, with what it does to its logits afterwards: its output layer is given less.
"""

from typing import Any


def foretold(model: Any, learned: Any, **inputs: Any) -> Any:
    """For each token that is true in `learned` (batch × length, as the input ids), the logits that foretell it.

    In the order of a mask. The first token of a row has nothing to be told by, and is not among them.
    """
    keep = learned[:, 1:]
    inner = model.module if hasattr(model, "module") else model
    hook = inner.get_output_embeddings().register_forward_pre_hook(lambda layer, given: (given[0][:, :-1][keep],))
    try:
        return model(**inputs, use_cache=False).logits
    finally:
        hook.remove()


def answer_loss(model: Any, inputs: Any, count: Any) -> Any:
    """The cross-entropy of the labels that are not ignored, over `count` of them: what trl's SFT computes."""
    import torch.nn.functional as functional

    labels = inputs["labels"]
    learned = labels != -100
    logits = foretold(model, learned, input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"])
    targets = labels[:, 1:][learned[:, 1:]]
    loss = functional.cross_entropy(logits.float(), targets, reduction="sum")
    return loss / (len(targets) if count is None else count)
