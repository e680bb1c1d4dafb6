import type { Engine } from "../engine/index.ts";
import { encodePadded, latentOperator, latentShape, latentSpace } from "../latent/latent-operator.ts";
import { decoderSlopeSquared } from "../latent/slope.ts";
import { psnr } from "../metrics/index.ts";
import type { Autoencoder } from "../networks/autoencoder.ts";
import type { Operator } from "../operators/operator.ts";
import type { Prior } from "../priors/prior.ts";
import { input, type Shape, type Tensor } from "../tensor/index.ts";
import { compileSolver, type PreparedSolver, type PrepareOptions } from "./driver.ts";
import { linearised } from "./linearised.ts";
import { missingNeed } from "./needs.ts";
import type { Setting } from "./problem.ts";
import type { Solver } from "./solver.ts";

/**
 * {@link compileSolver} for a prior of latents: the solver works on z with the operator A ∘ decode, begins with the encoded
 * initial estimate, and its result is decoded. Measurement, initial estimate and result are images, of any size: they are
 * padded to the autoencoder's grid by reflection and cropped.
 *
 * A solver that needs a linear operator works on the linearised problem where it can (see {@link linearised}); `clip`, which
 * limits estimates to the values of images, is off.
 * @throws {TweedieError} invalid-model: the prior has no latent space; like {@link compileSolver}
 */
export async function compileLatentSolver<O>(setting: Setting, request: PrepareOptions<O>): Promise<PreparedSolver> {
  const { operator, prior } = setting;
  const { engine, signal, samples = 1 } = request;
  const begin = performance.now();
  const autoencoder = latentSpace(prior);
  const slope = autoencoder.linear ? 1 : await decoderSlopeSquared(autoencoder, engine, signal);
  const composed = latentOperator(operator, autoencoder, slope);
  const codec = await compileCodec(autoencoder, operator.domain, samples, engine, signal);
  const inner = await compileSolver(
    { ...setting, operator: composed },
    { ...request, solver: latentForm(request.solver, composed), options: withoutClip(request) },
  ).catch(async (error: unknown) => {
    await codec.dispose();
    throw error;
  });
  return {
    compileSeconds: (performance.now() - begin) / 1000,
    memory: inner.memory,
    shape: [samples, ...operator.domain.slice(1)],
    async *steps({ measurement, start }, options) {
      const { z, back } = await codec.encode(start);
      const roundTrip = {
        psnr: psnr(limited(back), limited(start), 1),
        bias: meanDifferences(back, start, operator.domain[1]),
      };
      for await (const step of inner.steps({ measurement, start: z }, options))
        yield { ...step, roundTrip, estimate: async () => codec.decode(await step.estimate()) };
    },
    async dispose() {
      await Promise.all([codec.dispose(), inner.dispose()]);
    },
  };
}

/** What a solver lacks to restore images with this prior; nothing when they go together. */
export function missingFor(solver: Solver, operator: Operator, prior: Prior): string | undefined {
  if (!prior.latent) return missingNeed(solver, operator);
  const composed = latentOperator(operator, prior.latent);
  return missingNeed(latentForm(solver, composed), composed);
}

function latentForm<O>(solver: Solver<O>, operator: Operator): Solver<O> {
  return solver.linearises && !operator.linear ? linearised(solver) : solver;
}

function withoutClip<O>({ solver, options = {} }: PrepareOptions<O>): Readonly<Record<string, unknown>> {
  const clips = "shape" in solver.options && "clip" in (solver.options.shape as object);
  return clips ? { ...options, clip: false } : options;
}

/** The way in and out of latent space, compiled for images [·, C, H, W] of one size. */
async function compileCodec(
  autoencoder: Autoencoder,
  domain: Shape,
  samples: number,
  engine: Engine,
  signal: AbortSignal | undefined,
) {
  const [, , height, width] = domain;
  const cropped = (z: Tensor) => autoencoder.decode(z).narrow(2, 0, height).narrow(3, 0, width);
  const x = input(domain);
  const mean = encodePadded(autoencoder, x);
  const way = await engine.compile({ inputs: { x }, outputs: { z: mean, back: cropped(mean) }, signal });
  const z = input([samples, ...latentShape(autoencoder, domain).slice(1)]);
  const out = await engine
    .compile({ inputs: { z }, outputs: { x: cropped(z) }, signal })
    .catch(async (error: unknown) => {
      await way.dispose();
      throw error;
    });
  return {
    encode: async (picture: Float32Array) => {
      const results = await way.run({ x: picture });
      return { z: results.z as Float32Array, back: results.back as Float32Array };
    },
    decode: async (latent: Float32Array) => (await out.run({ z: latent })).x as Float32Array,
    dispose: async () => {
      await Promise.all([way.dispose(), out.dispose()]);
    },
  };
}

const limited = (v: Float32Array) => v.map((w) => Math.min(1, Math.max(-1, w)) / 2 + 0.5);

/** Of each channel, from the scale -1..1 to 0..1. */
function meanDifferences(a: Float32Array, b: Float32Array, channels: number): number[] {
  const n = a.length / channels;
  return Array.from({ length: channels }, (_, c) => {
    let sum = 0;
    for (let i = c * n; i < (c + 1) * n; i++) sum += a[i] - b[i];
    return sum / n / 2;
  });
}
