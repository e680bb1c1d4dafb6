/**
 * A latent problem whose posterior is known: latents z on a ring in the plane, a small curved decoder to six pixels, one linear
 * measurement of them. Posteriors are short arcs, or several of them.
 */
import type { Points } from "../src/bench/exact/sampling.ts";
import { sampleMixture } from "../src/bench/exact/sampling.ts";
import type { Denoiser } from "../src/diffusion/index.ts";
import type { Operator } from "../src/operators/operator.ts";
import { exactMoments, type Mixture } from "../src/priors/exact.ts";
import { normals } from "../src/random/index.ts";
import { constant, evaluate, type Tensor } from "../src/tensor/index.ts";

const COMPONENTS = 12;
const VARIANCE = 0.02;
const PIXELS = 6;
const float32 = (values: ArrayLike<number>, shape: number[]) => constant(Array.from(values), shape, "float32");

/** Twelve round Gaussians, evenly spaced on the unit circle, so wide that they run into each other. */
export const ring: Mixture = {
  weights: new Array<number>(COMPONENTS).fill(1 / COMPONENTS),
  means: Array.from({ length: COMPONENTS }, (_, k) => {
    const angle = (2 * Math.PI * k) / COMPONENTS;
    return [Math.cos(angle), Math.sin(angle)];
  }),
  covariances: new Array(COMPONENTS).fill([
    [VARIANCE, 0],
    [0, VARIANCE],
  ]),
};

const centres = float32(ring.means.flat(), [COMPONENTS, 2]);

/** E[z0|z] of the ring: round components of one variance and equal distance from 0 need one softmax. */
export const denoise: Denoiser = (x, sigma) => {
  const z = x.reshape(-1, 2);
  const noise = sigma.square();
  const total = noise.add(VARIANCE);
  const shares = z.matmul(centres.transpose()).div(total).softmax(1);
  return shares.matmul(centres).mul(noise).add(z.mul(VARIANCE)).div(total).reshape(x.shape);
};

/** @throws Error when the short form of the denoiser is not the mixture's */
export function checkDenoiser(): void {
  for (const sigma of [0.1, 1, 5]) {
    const z = [0.7, -0.4];
    const [{ data }] = evaluate([denoise(float32(z, [1, 1, 1, 2]), float32([sigma], []))]);
    const { denoised } = exactMoments(ring, z, sigma);
    if (Math.hypot(data[0] - denoised[0], data[1] - denoised[1]) > 1e-9)
      throw new Error("the ring's denoiser is wrong");
  }
}

const draw = (purpose: string, rows: number, columns: number, scale: number) =>
  float32(
    normals({ seed: 3, purpose }, rows * columns).map((v) => v * scale),
    [rows, columns],
  );
const [V, b, W, A] = [
  draw("V", 2, PIXELS, 1),
  draw("b", 1, PIXELS, 0.5),
  draw("W", PIXELS, PIXELS, 1 / Math.sqrt(PIXELS)),
  draw("A", PIXELS, 1, 1.5 / Math.sqrt(PIXELS)),
];

/** A 𝒟(z) = A W tanh(V z + b), of latents [N, 1, 1, 2]. */
export const measure = (z: Tensor) => z.matmul(V).add(b).tanh().matmul(W).matmul(A);

/** y − A 𝒟(z) as an operator on many problems at once: row k of a batch has the measurement ys[k]; its own measurement is 0. */
export function batchOperator(ys: readonly number[]): Operator {
  const measured = float32(ys, [ys.length, 1, 1, 1]);
  return {
    name: "curved",
    domain: [1, 1, 1, 2],
    range: [1, 1, 1, 1],
    linear: false,
    normSquared: 1,
    apply: (z) => measure(z).sub(measured),
    toJSON: () => ({ name: "curved" }),
  };
}

const DRAWS = 60_000;
/** How many exact posterior samples a problem has. */
export const EXACT = 2000;
let drawn: { points: Points; measured: ArrayLike<number> } | undefined;

function priorDraws() {
  if (drawn) return drawn;
  const points = sampleMixture(ring, DRAWS, 77);
  const [{ data }] = evaluate([measure(float32(points.data, [DRAWS, 1, 1, 2]))]);
  drawn = { points, measured: data };
  return drawn;
}

/** The measurement of a point of the ring, with noise, and exact posterior samples (importance resampling of the prior). */
export function problem(sigmaY: number, seed: number): { readonly y: number; readonly exact: Points } {
  const truth = sampleMixture(ring, 1, 1000 + seed).data;
  const [clean] = evaluate([measure(float32(truth, [1, 1, 1, 2]))])[0].data;
  const y = clean + sigmaY * normals({ seed, purpose: "measurement" }, 1)[0];
  const { points, measured } = priorDraws();
  const sums = new Float64Array(DRAWS);
  let total = 0;
  for (let i = 0; i < DRAWS; i++) {
    total += Math.exp(-((y - measured[i]) ** 2) / (2 * sigmaY ** 2));
    sums[i] = total;
  }
  const data = new Float64Array(2 * EXACT);
  let i = 0;
  for (let k = 0; k < EXACT; k++) {
    while (sums[i] < ((k + 0.5) / EXACT) * total) i++;
    data.set(points.data.subarray(2 * i, 2 * i + 2), 2 * k);
  }
  return { y, exact: { count: EXACT, dimension: 2, data } };
}
