import type { Engine } from "../engine/index.ts";
import { TweedieError } from "../errors.ts";
import {
  createOperator,
  disturb,
  type NoiseModel,
  type Operator,
  observedEntries,
  parseNoiseModel,
  taskTraits,
} from "../operators/index.ts";
import type { Image, Mask } from "../pictures/index.ts";
import { input } from "../tensor/index.ts";
import { resolveMask } from "./mask.ts";
import { operatorSpec } from "./operator.ts";
import { type Planes, pictureForOperator } from "./planes.ts";
import { parseTask, type Task, type TaskInput } from "./task.ts";

export interface DegradeRequest {
  /** A clean picture … */
  readonly image?: Image | undefined;
  /** … or its numbers in [-1, 1], with as many channels as the task's operator takes (two for a complex picture). */
  readonly planes?: Planes | undefined;
  readonly task: TaskInput;
  /** Noise to add; a number is a Gaussian's standard deviation on the 0..1 scale. None by default. */
  readonly noise?: number | NoiseModel;
  readonly seed?: number;
  readonly engine: Engine;
  readonly signal?: AbortSignal;
}

/** A simulated measurement. */
export interface Simulation extends Planes {
  readonly task: Task;
  readonly operator: Operator;
  readonly noise: NoiseModel;
  /** The missing pixels of an inpainting. */
  readonly mask?: Mask;
}

/**
 * Simulates the measurement that {@link restore} undoes: y = A(x) + noise, as the operator gives it and unclipped.
 * @throws TweedieError `invalid-option`, `size-mismatch`, `invalid-operator`, `aborted`
 */
export async function simulate(request: DegradeRequest): Promise<Simulation> {
  const task = parseTask(request.task);
  const noise = parseNoiseModel(request.noise ?? 0);
  const x = cleanPicture(request, task);
  const [channels, height, width] = x.shape;
  const mask = task.name === "inpaint" ? resolveMask(task.mask, width, height) : undefined;
  const operator = createOperator(operatorSpec(task, width, height, mask?.known), {
    domain: [1, channels, height, width],
  });
  const y = await measure(operator, x.data, request.engine, request.signal);
  const [, c, h, w] = operator.range;
  const data = disturb(y, noise, request.seed ?? 0, observedEntries(operator));
  return { shape: [c, h, w], data, task, operator, noise, ...(mask && { mask }) };
}

function cleanPicture({ image, planes }: DegradeRequest, task: Task): Planes {
  if ((image === undefined) === (planes === undefined))
    throw new TweedieError("invalid-option", {
      what: "degrade",
      expected: "either image or planes",
      got: image ? "both" : "neither",
    });
  if (planes) return planes;
  // Colour is taken away from three channels; a grey picture has nothing to lose.
  const channels = task.name === "colorize" ? 3 : channelsOf(task);
  return pictureForOperator(image as Image, channels);
}

function channelsOf(task: Task): 1 | 2 | 3 | undefined {
  return task.name === "operator" ? taskTraits(task.operator.name).channels : undefined;
}

/** A(x), as the engine computes it. */
export async function measure(
  operator: Operator,
  data: Float32Array,
  engine: Engine,
  signal?: AbortSignal,
): Promise<Float32Array> {
  const x = input(operator.domain);
  const program = await engine.compile({ inputs: { x }, outputs: { y: operator.apply(x) }, signal });
  try {
    return (await program.run({ x: data }, { signal })).y;
  } finally {
    await program.dispose();
  }
}
