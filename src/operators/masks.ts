import { TweedieError } from "../errors.ts";
import { uniforms } from "../random/index.ts";

/** Which pixels of a picture are known, as plain JSON: the bits themselves, or how to make them. */
export type MaskSpec =
  /** One bit a pixel, 1 = known, row-major and packed from the highest bit of each byte on, in base64. */
  | { type: "bits"; height: number; width: number; channels: number; known: string }
  /** A rectangle is missing. */
  | { type: "box"; top: number; left: number; height: number; width: number }
  /** Only a rectangle is known: the picture is to be continued outwards ("expand"). */
  | { type: "outside"; top: number; left: number; height: number; width: number }
  /** One half is missing. */
  | { type: "half"; side: "left" | "right" | "top" | "bottom" }
  /** Exactly round(missing·H·W) pixels are missing, all channels of a pixel together. */
  | { type: "random"; missing: number; seed: number };

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
  } else if (spec.type === "half") {
    const { side } = spec;
    if (side === "left" || side === "right") fill((_, j) => j < Math.floor(width / 2) !== (side === "left"));
    else fill((i) => i < Math.floor(height / 2) !== (side === "top"));
  } else {
    const bottom = spec.top + spec.height;
    const right = spec.left + spec.width;
    if (bottom > height || right > width)
      throw new TweedieError("size-mismatch", {
        what: `mask of type ${spec.type}`,
        expected: `a rectangle inside ${width}x${height}`,
        got: `${spec.width}x${spec.height} at ${spec.left},${spec.top}`,
      });
    const inside = (i: number, j: number) => i >= spec.top && i < bottom && j >= spec.left && j < right;
    fill((i, j) => inside(i, j) === (spec.type === "outside"));
  }
  return { channels: 1, height, width, known };
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
