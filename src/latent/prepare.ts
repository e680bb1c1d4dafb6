import type { Engine } from "../engine/index.ts";
import { TweedieError } from "../errors.ts";
import { psnr } from "../metrics/index.ts";
import type { Autoencoder } from "../networks/autoencoder.ts";
import type { Operator } from "../operators/operator.ts";
import type { Prior } from "../priors/prior.ts";
import {
  type PreparedSolver,
  type PrepareOptions,
  prepareSolver,
  type Setting,
  type Solution,
  type Solver,
} from "../solvers/index.ts";
import { keepKnown } from "../solvers/keep-known.ts";
import { missingNeed } from "../solvers/needs.ts";
import { input, type Shape, type Tensor } from "../tensor/index.ts";
import { encodePadded, latentOperator, latentShape } from "./latent-operator.ts";
import { linearised } from "./linearised.ts";
import { decoderSlopeSquared } from "./slope.ts";

export interface LatentSolution extends Solution {
  /**
   * PSNR in dB of decode(encode(·)) on the first guess: about what the autoencoder lets through of a picture like this, and so about
   * the best that any solver can do in its latent space.
   */
  readonly roundTrip: number;
  /** Mean of decode(encode(·)) − · on the first guess for each channel, on the 0..1 scale: a cast that the autoencoder adds. */
  readonly encoderBias: readonly number[];
}

export interface PreparedLatentSolver extends PreparedSolver {
  run(...args: Parameters<PreparedSolver["run"]>): Promise<LatentSolution>;
}

/**
 * {@link prepareSolver} for a prior of latents: the solver works on z with the operator A ∘ decode, begins with the encoded first
 * guess, and its result is decoded. Measurement, first guess and result are pictures, of any size: they are padded to the
 * autoencoder's grid by reflection and cropped. Pixels that were measured without noise come out as they were.
 *
 * VML-MAP, which is for linear operators, works on the linearised problem (see {@link linearised}); `clip`, which limits
 * estimates to the values of pictures, is off.
 * @throws invalid-model without a latent space; like {@link prepareSolver}
 */
export async function prepareLatentSolver<O>(
  setting: Setting,
  request: PrepareOptions<O>,
): Promise<PreparedLatentSolver> {
  const { operator, prior } = setting;
  const { engine, signal } = request;
  const begin = performance.now();
  const autoencoder = latentSpace(prior);
  const slope = autoencoder.linear ? 1 : await decoderSlopeSquared(autoencoder, engine, signal);
  const composed = latentOperator(operator, autoencoder, slope);
  const border = await compileBorder(autoencoder, operator.domain, request.samples ?? 1, engine, signal);
  const inner = await prepareSolver(
    { ...setting, operator: composed },
    { ...request, solver: latentForm(request.solver, composed), options: withoutClip(request) },
  ).catch(async (error: unknown) => {
    await border.dispose();
    throw error;
  });
  return {
    compileSeconds: (performance.now() - begin) / 1000,
    memory: inner.memory,
    async run({ measurement, start }, options) {
      const { z, back } = await border.encode(start);
      const solution = await inner.run({ measurement, start: z }, options);
      const pictures = await border.decode(solution.pictures);
      return {
        ...solution,
        pictures: keepKnown(operator, setting.sigmaY, measurement, pictures),
        shape: [solution.shape[0], ...operator.domain.slice(1)],
        roundTrip: psnr(limited(back), limited(start), 1),
        encoderBias: meanDifferences(back, start, operator.domain[1]),
      };
    },
    async dispose() {
      await Promise.all([border.dispose(), inner.dispose()]);
    },
  };
}

/** The latent space of a prior. @throws invalid-model when it is one of pictures */
export function latentSpace({ latent, name }: Prior): Autoencoder {
  if (latent) return latent;
  throw new TweedieError("invalid-model", {
    what: `model ${name}`,
    expected: "a latent prior",
    got: "one of pictures",
  });
}

/** What a solver lacks to restore pictures through this latent prior; nothing when they go together. */
export function missingLatentNeed(solver: Solver, operator: Operator, prior: Prior): string | undefined {
  const composed = latentOperator(operator, latentSpace(prior));
  return missingNeed(latentForm(solver, composed), composed);
}

function latentForm<O>(solver: Solver<O>, operator: Operator): Solver<O> {
  return solver.name === "vml-map" && !operator.linear ? linearised(solver) : solver;
}

function withoutClip<O>({ solver, options = {} }: PrepareOptions<O>): Readonly<Record<string, unknown>> {
  const clips = "shape" in solver.options && "clip" in (solver.options.shape as object);
  return clips ? { ...options, clip: false } : options;
}

/** The way in and out of latent space, compiled for pictures [·, C, H, W] of one size. */
async function compileBorder(
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
