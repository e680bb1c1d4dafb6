import type { Engine } from "../engine/index.ts";
import { TweedieError } from "../errors.ts";
import { createOperator, type OperatorSpec, type PictureSize, taskTraits } from "../operators/index.ts";
import { operatorSpec } from "./operator.ts";
import type { Planes } from "./planes.ts";
import { measure } from "./simulate.ts";
import { operatorName, type Task } from "./task.ts";

/** The values that stand for black and white in a picture of someone else's. */
export interface PictureRange {
  readonly black: number;
  readonly white: number;
}

/** The range of the networks, and of every array that Tweedie writes. */
export const MODEL_RANGE: PictureRange = { black: -1, white: 1 };

/** What whole numbers of these kinds certainly mean in a picture. */
const certain: Readonly<Record<string, PictureRange>> = {
  u1: { black: 0, white: 255 },
  u2: { black: 0, white: 65535 },
  b1: { black: 0, white: 1 },
};

/** Instruments whose measurements come from elsewhere as a rule. */
const scanners = ["ct", "mri", "mri-complex"];

/** What an array is: the numbers of a picture, or those of another measurement. */
export function measuresPicture(task: Task): boolean {
  return task.name !== "operator" || taskTraits(task.operator.name).measurement === "picture";
}

/** A range, and a sentence where it was guessed or is easily wrong. */
export interface RecognisedRange {
  readonly range: PictureRange;
  readonly remark?: string;
}

/**
 * The range of an array for which none is declared: what its type says where that is certain; [-1, 1] where its values may
 * be that.
 * @param type of the numbers, as NumPy writes it: "u1", "f4"
 * @throws {TweedieError} invalid-option: the values are more likely of another range
 */
export function recogniseRange({ data }: Planes, type: string, task: Task, what: string): RecognisedRange {
  const [low, high] = extremes(data);
  const ask = (expected: string) =>
    new TweedieError("invalid-option", {
      what,
      expected: `the range of the picture, ${expected}`,
      got: `nothing, and values from ${digits(low)} to ${digits(high)}`,
      hint: "say --range -1..1, --range 0..1, --range 0..255 or what else stands for black and white",
    });
  if (!measuresPicture(task)) {
    const name = operatorName(task);
    if (!scanners.includes(name)) return { range: MODEL_RANGE };
    if (name === "ct" && low >= 0 && high > 0)
      throw ask("for a scan without a value below 0 is hardly one of a picture in -1..1");
    return {
      range: MODEL_RANGE,
      remark: "the picture that was scanned is taken to lie in -1..1 (--range 0..1 says otherwise)",
    };
  }
  if (Object.hasOwn(certain, type)) {
    const range = certain[type];
    return { range, remark: `numbers of type ${type} are taken for ${range.black} (black) to ${range.white} (white)` };
  }
  if (low >= 0 && high > 0) throw ask("for none of its values is below 0");
  const far = data.reduce((count, v) => count + (Math.abs(v) > 3 ? 1 : 0), 0);
  if (far > 0.01 * data.length) throw ask("for many of its values are far outside -1..1");
  if (low < -0.35) return { range: MODEL_RANGE };
  const remark = `its values reach from ${digits(low)} to ${digits(high)} and are taken for -1..1 (--range 0..1 says otherwise)`;
  return { range: MODEL_RANGE, remark };
}

/** Numbers of a picture in another range as those of one in [-1, 1]. */
export function fromRange({ shape, data }: Planes, { black, white }: PictureRange): Planes {
  const middle = (black + white) / 2;
  const half = (white - black) / 2;
  return { shape, data: data.map((v) => (v - middle) / half) };
}

/**
 * A measurement of a picture in another range as that of the same picture in [-1, 1]. With x = (u − m)/h, u the picture in
 * its own range, a linear operator gives A x = (A u − m A 1)/h.
 * @throws {TweedieError} invalid-option: the range is empty, or the operator is not linear
 */
export async function measurementFromRange(
  y: Planes,
  range: PictureRange,
  { task, size, engine, signal }: { task: Task; size?: PictureSize | undefined; engine: Engine; signal?: AbortSignal },
): Promise<Planes> {
  checkPictureRange(range);
  if (range.black === MODEL_RANGE.black && range.white === MODEL_RANGE.white) return y;
  const [, height, width] = y.shape;
  const outside = task.name === "deblur" && task.border === "zero";
  if (measuresPicture(task) && !outside) return fromRange(y, range);
  const spec = operatorSpec(task, width, height, undefined) as OperatorSpec;
  const operator = createOperator(spec, { measurement: [1, ...y.shape], size });
  if (!operator.linear)
    throw new TweedieError("invalid-option", {
      what: "range",
      expected: `a measurement of a picture in -1..1 for ${operator.name}, which is not linear`,
      got: `${range.black}..${range.white}`,
    });
  const [, channels, h, w] = operator.domain;
  // A complex picture is grey in its real part.
  const complex = task.name === "operator" && taskTraits(task.operator.name).channels === 2;
  const ones = new Float32Array(channels * h * w).fill(1, 0, complex ? h * w : undefined);
  const flat = await measure(operator, ones, engine, signal);
  const middle = (range.black + range.white) / 2;
  const half = (range.white - range.black) / 2;
  return { shape: y.shape, data: y.data.map((v, i) => (v - middle * flat[i]) / half) };
}

/** @throws {TweedieError} invalid-option: black and white are the same, or not finite */
function checkPictureRange({ black, white }: PictureRange): void {
  if (Number.isFinite(black) && Number.isFinite(white) && black !== white) return;
  const expected = "two finite numbers that differ, for black and white";
  throw new TweedieError("invalid-option", { what: "range", expected, got: `${black}..${white}` });
}

function extremes(data: ArrayLike<number>): [low: number, high: number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < data.length; i++) {
    low = Math.min(low, data[i]);
    high = Math.max(high, data[i]);
  }
  return [low, high];
}

const digits = (v: number) => String(Number(v.toPrecision(3)));
