"""A model's shape -> its weight matrices and its number of parameters. What the calculators are fed with."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Architecture:
    """A row of ARCHITECTURES: a decoder of Llama's kind (RMSNorm, rotary positions, gated feed-forward)."""

    name: str
    title: str
    layers: int
    width: int  # d
    feed_forward: int
    heads: int
    kv_heads: int  # fewer than heads: grouped-query attention
    vocabulary: int
    is_tied: bool  # the output matrix is the embedding
    has_bias: bool = False  # on q, k and v

    @property
    def head_width(self) -> int:
        return self.width // self.heads

    @property
    def matrices(self) -> dict[str, tuple[int, int]]:
        """The weight matrices of one layer: name -> (d_in, d_out)."""
        kv = self.kv_heads * self.head_width
        return {
            "q_proj": (self.width, self.width),
            "k_proj": (self.width, kv),
            "v_proj": (self.width, kv),
            "o_proj": (self.width, self.width),
            "gate_proj": (self.width, self.feed_forward),
            "up_proj": (self.width, self.feed_forward),
            "down_proj": (self.feed_forward, self.width),
        }

    @property
    def parameters(self) -> int:
        """All of them: embedding, output matrix where it is not tied, layers, and norms.

        >>> ARCHITECTURES["llama-3.1-8b"].parameters
        8030261248
        """
        embeddings = self.vocabulary * self.width * (1 if self.is_tied else 2)
        return embeddings + self.layers * self._layer + self.width

    @property
    def matmul_parameters(self) -> int:
        """Those a token is multiplied with: the layers' matrices and the output matrix. An embedding is looked up."""
        return self.layers * self._layer_matrices + self.vocabulary * self.width

    @property
    def _layer_matrices(self) -> int:
        return sum(d_in * d_out for d_in, d_out in self.matrices.values())

    @property
    def _layer(self) -> int:
        kv = self.kv_heads * self.head_width
        biases = self.width + 2 * kv if self.has_bias else 0
        return self._layer_matrices + biases + 2 * self.width


# name, title, layers, width, feed-forward, heads, kv heads, vocabulary, tied, bias: each model's config.json
ARCHITECTURES = {
    row.name: row
    for row in (
        Architecture("sftviz/tiny", "sftviz/tiny, the embedded one", 6, 192, 512, 6, 6, 4096, True),
        Architecture("qwen2.5-0.5b", "Qwen2.5 0.5B", 24, 896, 4864, 14, 2, 151_936, True, True),
        Architecture("llama-3.2-1b", "Llama 3.2 1B", 16, 2048, 8192, 32, 8, 128_256, True),
        Architecture("mistral-7b", "Mistral 7B v0.1", 32, 4096, 14_336, 32, 8, 32_000, False),
        Architecture("qwen2.5-7b", "Qwen2.5 7B", 28, 3584, 18_944, 28, 4, 152_064, False, True),
        Architecture("llama-3.1-8b", "Llama 3.1 8B", 32, 4096, 14_336, 32, 8, 128_256, False),
        Architecture("llama-3.1-70b", "Llama 3.1 70B", 80, 8192, 28_672, 64, 8, 128_256, False),
    )
}
