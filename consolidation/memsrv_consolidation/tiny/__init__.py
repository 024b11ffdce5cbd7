"""memsrv-tiny: the shipped base model, made from scratch by the scripts of this package (corpus → tokenizer →
pretrain → measure)."""
