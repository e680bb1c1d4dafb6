/**
 * Hutchinson's estimate of tr ∇²log p_t, the curvature of a noised log density, from scores alone
 * (Hutchinson 1990; in the form of STSL, Rout et al., arXiv 2312.00852, eq. 4):
 *
 *   T = 1/δ · ε̃ᵀ ( s(z + δ ε̃) − s(z) ),  ε̃ ~ N(0, I)
 *
 * The paper writes it for variance-preserving latents z_vp = α z, α = 1/√(1+σ²), whose score is s_vp = s/α. In the variance-exploding
 * z of this library, with s = (D(z, σ) − z)/σ² and a probe r ε̃ of length r = δ/α,
 *
 *   T = (1+σ²)/(r σ²) · ε̃ᵀ ( D(z + r ε̃) − D(z) − r ε̃ )
 *
 * The paper's δ is 1 (`unit`): not an infinitesimal probe, and no estimate of the trace where the density is curved at that scale.
 */
import type { Denoiser } from "../diffusion/denoiser.ts";
import { concat, type Tensor } from "../tensor/index.ts";
import { sumPerSample } from "./per-sample.ts";

export interface Curvature {
  /** E[z0 | z], [N, C, h, w]. */
  readonly mean: Tensor;
  /** T of each sample, averaged over the probes, [N, 1, 1, 1]. */
  readonly trace: Tensor;
}

/** The probe's length r in z: the paper's, or `delta` noise levels. */
export function probeLength(sigma: Tensor, probe: "unit" | "finite-difference", delta: number): Tensor {
  return probe === "unit" ? sigma.square().add(1).sqrt() : sigma.mul(delta);
}

/**
 * Posterior mean and curvature by one batched call of the denoiser, of (1 + probes)·N rows.
 * @param probes standard normal, [N, probes·C, h, w]
 */
export function curvature(denoise: Denoiser, z: Tensor, sigma: Tensor, length: Tensor, probes: Tensor): Curvature {
  const [samples, channels] = z.shape;
  const count = probes.shape[1] / channels;
  const steps = Array.from({ length: count }, (_, k) => probes.narrow(1, k * channels, channels));
  const rows = denoise(concat([z, ...steps.map((eps) => z.add(eps.mul(length)))]), sigma);
  const mean = rows.narrow(0, 0, samples);
  const products = steps.map((eps, k) => {
    const ahead = rows.narrow(0, (k + 1) * samples, samples);
    return sumPerSample(ahead.sub(mean).sub(eps.mul(length)).mul(eps));
  });
  const scale = sigma.square().add(1).div(length.mul(sigma.square()).mul(count));
  return { mean, trace: products.reduce((sum, t) => sum.add(t)).mul(scale) };
}
