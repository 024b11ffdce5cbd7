"""The byte-level BPE of memsrv-tiny (4096 tokens), trained on its own corpus in seconds.

A space belongs to the word after it only when that word is one of the corpus's frames; before any other string the
space is a token of its own. So an arbitrary string has the same tokens after a space, a backtick or a bracket, and
copying it is exact induction. Digits come in pairs and case changes split a word, for the same reason.
"""

import json
import random
import re
from collections.abc import Iterator
from pathlib import Path

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from memsrv_consolidation.tiny import corpus
from memsrv_consolidation.wordings import frame_words

VOCABULARY = 4096
PAD, START, END = "<|endoftext|>", "<|im_start|>", "<|im_end|>"

#: ChatML; `generation` marks what trl's assistant_only_loss trains on.
CHAT_TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' }}"
    "{% if message['role'] == 'assistant' %}{% generation %}{{ message['content'] + '<|im_end|>' }}{% endgeneration %}"
    "{{ '\n' }}{% else %}{{ message['content'] + '<|im_end|>\n' }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


def pattern() -> str:
    """The regular expression that splits text before the merges."""
    said = " ".join((*corpus._ASIDES, *corpus._REPLIES))
    framed = sorted(frame_words() | set(re.findall(r"\b[a-z]+\b", said)), key=lambda w: (-len(w), w))
    return (
        rf" (?:{'|'.join(framed)})(?![\p{{L}}\p{{N}}_])"
        r"|'(?:s|re|m|t|d|ve|ll)(?!\p{L})|\p{N}{1,2}|\p{Lu}?\p{Ll}+|\p{Lu}+(?!\p{Ll})|\p{L}"
        r"|://|--|\(\)|->|[^\s\p{L}\p{N}]|\n- |\n|\s"
    )


def texts(seed: int, n: int) -> Iterator[str]:
    """Documents to learn merges from."""
    rng = random.Random(seed)
    for i in range(n):
        messages = corpus.nothing(rng, 4) if i % 10 == 0 else corpus.conversation(rng, 8, 8)
        yield "\n".join(message["content"] for message in messages)


def train(seed: int, documents: int = 5000) -> PreTrainedTokenizerFast:
    """A tokenizer for the corpus."""
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(pattern()), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    bpe.decoder = decoders.ByteLevel()
    bpe.train_from_iterator(
        texts(seed, documents),
        trainers.BpeTrainer(
            vocab_size=VOCABULARY,
            special_tokens=[PAD, START, END],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    tokenizer = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=bpe, eos_token=END, pad_token=PAD, model_max_length=4096, clean_up_tokenization_spaces=False
    )
    tokenizer.chat_template = CHAT_TEMPLATE
    return tokenizer


def save(tokenizer: PreTrainedTokenizerFast, folder: Path) -> None:
    """Write the tokenizer so that AutoTokenizer loads it as it is.

    transformers 5 distrusts the `tokenizer_class` beside a qwen2 model: AutoTokenizer builds a Qwen2Tokenizer, which
    keeps the vocabulary but splits text with its own expression (reading of four facts fell from .88 to .50). An
    `auto_map`, of which it runs nothing, makes it take the class that is named (`models/auto/tokenization_auto.py`).
    """
    tokenizer.save_pretrained(folder)
    path = folder / "tokenizer_config.json"
    config = json.loads(path.read_text())
    config["auto_map"] = {"AutoTokenizer": ["", None]}
    path.write_text(json.dumps(config, indent=2) + "\n")
