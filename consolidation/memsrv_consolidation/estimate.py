"""What a training takes, before it is run: arithmetic, bytes and hours, by formula. Torch-free; measures nothing.

Arithmetic: 2 · parameters for every token forward, as much for the gradient that flows back through frozen weights,
and 2 more where activations are computed again: 6 · parameters · tokens, 4 without. (The gradients of the adapter
itself are a hundredth.) An embedding is looked up, not multiplied; the output layer counts for the tokens it is
computed on. Time: arithmetic / (peak · MFU). MFU is the share of a machine's peak that a training reaches: the
paper's 1.5 h on an A100 are .47 of it (shared/specs/consolidation.md §1.1); ours is set lower, so that the hours told
are rather too many. Measured times on this machine go before all of this: `memsrv consolidate --dry-run` says which.

Bytes: base + adapter with its gradients and optimizer + activations + logits + what the runtime itself takes.
"""

from dataclasses import dataclass

from memsrv_consolidation.shape import Shape

GIB = 1 << 30
#: Bytes of a weight. 4 bit: half a byte, and the scales of 64 weights, which are quantized once more.
WIDTHS = {"float32": 4.0, "bfloat16": 2.0, "4bit": 0.516}
#: Bytes for each weight of the adapter: itself and its gradient in 32 bit, and Adam's two moments, in 32 or 8 bit.
ADAPTER, ADAPTER_8BIT = 16, 10
#: Bytes of a logit: its own, its copy in 32 bit for the softmax, and the gradient of each.
LOGIT = 12
#: CUDA's context and kernels, or Python with torch; and the share that allocators lose to fragments.
RUNTIME, FRAGMENTS = GIB, 0.08
#: Characters of a token in English and code, and tokens that a chat template puts around each message.
CHARACTERS, AROUND = 3.6, 6


@dataclass(frozen=True, slots=True)
class Machine:
    """A kind of machine: operations a second at its peak in the precision we train in, and the share we reach."""

    name: str
    kind: str
    dtype: str
    memory: int
    peak: float
    mfu: float


#: Peaks: dense, from the makers' data sheets. CPU: eight cores of AVX2 at 3 GHz in 32 bit; Mac: an M-series Max's GPU.
MACHINES = (
    Machine("CPU, 8 cores, 32 GB", "cpu", "float32", 28 * GIB, 0.75e12, 0.35),
    Machine("Mac, M-series Max, 32 GB", "mps", "float32", 24 * GIB, 14e12, 0.25),
    Machine("GPU, RTX 4090, 24 GB", "cuda", "bfloat16", 23 * GIB, 165e12, 0.35),
    Machine("GPU, H100, 80 GB", "cuda", "bfloat16", 78 * GIB, 989e12, 0.30),
)


@dataclass(frozen=True, slots=True)
class Load:
    """How a base is trained, as far as it costs memory and arithmetic."""

    weights: str  # a key of WIDTHS
    recompute: bool
    eight_bit: bool
    micro: int  # examples at once
    length: int  # tokens of one
    trained: int  # weights of the adapter
    supervised: float = 1.0  # the share of tokens whose logits are computed


def operations(shape: Shape, tokens: float, recompute: bool, supervised: float = 1.0) -> float:
    """The arithmetic of training on so many tokens."""
    body, out = shape.linear, shape.vocabulary * shape.width
    return tokens * ((6 if recompute else 4) * body + 4 * out * supervised)


def base_bytes(shape: Shape, weights: str) -> float:
    """The frozen base; in 4 bit its embeddings stay in 16."""
    if weights == "4bit":
        return shape.linear * WIDTHS["4bit"] + shape.embeddings * WIDTHS["bfloat16"]
    return shape.parameters * WIDTHS[weights]


def activation_bytes(shape: Shape, load: Load) -> float:
    """What the way back needs: of every block all it computed, or its input alone and one block at a time in full."""
    each = WIDTHS["float32" if load.weights == "float32" else "bfloat16"]
    tokens = load.micro * load.length
    full = sum(out for _, out in shape.projections.values()) + 2 * shape.inner + 5 * shape.width
    blocks = shape.layers * shape.width + full if load.recompute else shape.layers * full
    return tokens * each * blocks


def memory(shape: Shape, load: Load) -> int:
    """Bytes at the peak of a step."""
    logits = load.micro * load.length * load.supervised * shape.vocabulary * LOGIT
    adapter = load.trained * (ADAPTER_8BIT if load.eight_bit else ADAPTER)
    return round(
        (base_bytes(shape, load.weights) + adapter + activation_bytes(shape, load) + logits) * (1 + FRAGMENTS) + RUNTIME
    )


def seconds(machine: Machine, operations: float) -> float:
    return operations / (machine.peak * machine.mfu)


def tokens(characters: int, messages: int) -> int:
    """About how many tokens a text of chat messages is, without its tokenizer."""
    return round(characters / CHARACTERS + AROUND * messages)
