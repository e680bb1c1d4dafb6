import { TweedieError } from "../errors.ts";
import { uniforms } from "../random/index.ts";
import type { MaskSpec } from "./mask-spec.ts";
import { strokes } from "./strokes.ts";

export type { MaskSpec } from "./mask-spec.ts";

/** A mask made concrete: 1 = known, 0 = missing; one plane for all channels, or a plane each. Row-major. */
export interface KnownPixels {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly known: Uint8Array;
}

/** The bits form of a mask: `known` is non-zero where a pixel is known, [H, W] or [C, H, W]. */
export function maskBits(known: ArrayLike<number>, height: number, width: number): MaskSpec {
  const channels = known.length / (height * width);
  if (!Number.isInteger(channels) || channels < 1) {
    const expected = `${height}×${width} values per channel`;
    throw new TweedieError("size-mismatch", { what: "mask", expected, got: String(known.length) });
  }
  const bytes = new Uint8Array(Math.ceil(known.length / 8));
  for (let i = 0; i < known.length; i++) if (known[i]) bytes[i >> 3] |= 128 >> (i & 7);
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return { type: "bits", height, width, channels, known: btoa(text) };
}

/** Makes the mask for pictures of `channels` × `height` × `width`. Throws `size-mismatch` where it does not fit. */
export function knownPixels(spec: MaskSpec, channels: number, height: number, width: number): KnownPixels {
  if (spec.type === "bits") return fromBits(spec, channels, height, width);
  const known = new Uint8Array(height * width);
  const fill = (value: (i: number, j: number) => boolean) => {
    for (let i = 0; i < height; i++) for (let j = 0; j < width; j++) known[i * width + j] = value(i, j) ? 1 : 0;
  };
  if (spec.type === "random") {
    const draws = uniforms({ seed: spec.seed, purpose: "mask" }, known.length);
    const order = Array.from(draws.keys()).sort((a, b) => draws[a] - draws[b] || a - b);
    known.fill(1);
    for (const k of order.slice(0, Math.round(spec.missing * known.length))) known[k] = 0;
  } else if (spec.type === "free-form") {
    const { missing, most = missing, seed } = spec;
    const [draw] = uniforms({ seed, purpose: "mask coverage" }, 1);
    known.set(strokes(height, width, missing + (most - missing) * draw, seed));
  } else if (spec.type === "half") {
    const { side } = spec;
    if (side === "left" || side === "right") fill((_, j) => j < Math.floor(width / 2) !== (side === "left"));
    else fill((i) => i < Math.floor(height / 2) !== (side === "top"));
  } else {
    const { top, left, bottom, right } = rectangleOf(spec, height, width);
    const inside = (i: number, j: number) => i >= top && i < bottom && j >= left && j < right;
    const knownInside = spec.type === "outside" || spec.type === "expand";
    fill((i, j) => inside(i, j) === knownInside);
  }
  return { channels: 1, height, width, known };
}

type Rectangle = Extract<MaskSpec, { type: "box" | "random-box" | "outside" | "expand" }>;

function rectangleOf(spec: Rectangle, height: number, width: number) {
  if (spec.type === "expand") {
    const sides = (n: number) => {
      const length = Math.round(spec.known * n);
      const start = Math.floor((n - length) / 2);
      return [start, start + length] as const;
    };
    const [[top, bottom], [left, right]] = [sides(height), sides(width)];
    return { top, left, bottom, right };
  }
  const margin = spec.type === "random-box" ? (spec.margin ?? 0) : 0;
  const room = { height: height - spec.height - 2 * margin, width: width - spec.width - 2 * margin };
  let { top, left } = { top: 0, left: 0, ...spec };
  if (spec.type === "random-box" && room.height >= 0 && room.width >= 0) {
    const [a, b] = uniforms({ seed: spec.seed, purpose: "mask place" }, 2);
    top = margin + Math.floor(a * (room.height + 1));
    left = margin + Math.floor(b * (room.width + 1));
  }
  const bottom = top + spec.height;
  const right = left + spec.width;
  if (Math.min(room.height, room.width) < 0 || bottom > height || right > width) {
    const place = spec.type === "random-box" ? ` with a margin of ${margin}` : ` at ${left},${top}`;
    throw new TweedieError("size-mismatch", {
      what: `mask of type ${spec.type}`,
      expected: `a rectangle inside ${width}x${height}`,
      got: `${spec.width}x${spec.height}${place}`,
    });
  }
  return { top, left, bottom, right };
}

type Bits = Extract<MaskSpec, { type: "bits" }>;

function fromBits(spec: Bits, channels: number, height: number, width: number): KnownPixels {
  const fits = spec.height === height && spec.width === width && (spec.channels === 1 || spec.channels === channels);
  const size = spec.channels * spec.height * spec.width;
  const bytes = decode(spec.known);
  if (!fits || bytes.length !== Math.ceil(size / 8))
    throw new TweedieError("size-mismatch", {
      what: "mask",
      expected: `1 or ${channels} planes of the picture's size ${width}x${height}`,
      got: `${spec.channels} of ${spec.width}x${spec.height} in ${bytes.length} bytes`,
    });
  const known = Uint8Array.from({ length: size }, (_, i) => (bytes[i >> 3] >> (7 - (i & 7))) & 1);
  return { channels: spec.channels, height, width, known };
}

function decode(text: string): Uint8Array {
  try {
    return Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  } catch (cause) {
    throw new TweedieError("invalid-option", { what: "mask bits", expected: "base64", got: "other characters", cause });
  }
}
