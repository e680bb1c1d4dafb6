import { TweedieError } from "../errors.ts";
import { type Image, luminance } from "./image.ts";

/** Which pixels of a picture are known, the same for all channels. Mask files say the opposite: white is missing. */
export interface Mask {
  width: number;
  height: number;
  /** Row by row: 1 = known, 0 = missing. */
  known: Uint8Array;
  /** Number of missing pixels. */
  missing: number;
  /** What is to be said of how a mask file was read, where it does not simply mark in white on black. */
  reading?: string;
}

/** A mask from its pixels (1 = known). @throws {TweedieError} size-mismatch: their number is wrong */
export function createMask(width: number, height: number, known: Uint8Array): Mask {
  if (known.length !== width * height) {
    const expected = `${width}x${height} = ${width * height} pixels`;
    throw new TweedieError("size-mismatch", { what: "mask", expected, got: String(known.length) });
  }
  return { width, height, known, missing: known.reduce((sum, value) => sum + (value ? 0 : 1), 0) };
}

/**
 * The mask that a picture shows, for pictures of the given size. White marks what is missing: an opaque pixel whose
 * luminance is at least one half. Without any, three other ways of marking are understood, and `reading` says so: strokes
 * of any colour on a transparent layer, transparent holes in a black layer, and labels 0 and 1.
 * @param name for messages
 * @throws {TweedieError} size-mismatch: the mask has another size; invalid-option: it marks nothing
 */
export function maskFromImage(image: Image, width: number, height: number, name = "mask"): Mask {
  if (image.width !== width || image.height !== height) {
    throw new TweedieError("size-mismatch", {
      what: name,
      expected: `a mask of the picture's size ${width}x${height}`,
      got: `${image.width}x${image.height}`,
    });
  }
  const kinds = kindsOf(image);
  const { marks, reading } = readMarks(image, kinds, name);
  const known = kinds.map((k) => (marks.includes(k) ? 0 : 1));
  const mask = createMask(width, height, known);
  return reading === undefined ? mask : { ...mask, reading: `${name}: ${reading}` };
}

/** What a pixel of a mask file is. `label` is the darkest grey that is not black. */
const kind = { black: 0, white: 1, colour: 2, transparent: 3, label: 4 } as const;
type Kind = (typeof kind)[keyof typeof kind];

function kindsOf(image: Image): Uint8Array {
  const { alpha, data, channels, meta } = image;
  const n = image.width * image.height;
  const label = 1 / (2 ** meta.bitDepth - 1);
  return Uint8Array.from(luminance(image), (value, i) => {
    if (alpha && alpha[i] < 0.5) return kind.transparent;
    if (value * (alpha?.[i] ?? 1) >= 0.5) return kind.white;
    if (channels === 1) return Math.abs(value - label) < label / 4 ? kind.label : kind.black;
    return Math.max(data[i], data[n + i], data[2 * n + i]) >= 0.5 ? kind.colour : kind.black;
  });
}

/** So much of a layer at most may be holes in it, or strokes on it. */
const MARKS = 1 / 3;
/** Less colour than this in a mask of white and black may be compression. */
const STRAY = 0.005;

function readMarks({ data }: Image, kinds: Uint8Array, name: string): { marks: readonly number[]; reading?: string } {
  const share = (which: Kind) => kinds.reduce((sum, k) => sum + (k === which ? 1 : 0), 0) / kinds.length;
  const [white, colour, transparent] = [share(kind.white), share(kind.colour), share(kind.transparent)];
  const percent = (value: number) => `${(100 * value).toFixed(1)}%`;
  if (white > 0) {
    if (colour < STRAY) return { marks: [kind.white] };
    return { marks: [kind.white], reading: `white counts as missing, its colours (${percent(colour)}) as known` };
  }
  if (transparent > 0 && transparent <= MARKS && colour === 0)
    return { marks: [kind.transparent], reading: `its transparent holes (${percent(transparent)}) count as missing` };
  const strokes = 1 - transparent;
  if (transparent < 1 && strokes <= MARKS) {
    const reading = `its strokes on a transparent layer (${percent(strokes)}) count as missing`;
    return { marks: [kind.black, kind.colour, kind.label], reading };
  }
  const labels = share(kind.label);
  if (labels > 0 && data.every((value, i) => value === 0 || kinds[i] === kind.label))
    return { marks: [kind.label], reading: `its labels 1 (${percent(labels)}) count as missing` };
  const black = share(kind.black) + labels;
  throw new TweedieError("invalid-option", {
    what: name,
    expected: "a mask in which white marks what is missing",
    got: `none: ${percent(black)} black, ${percent(colour)} colour, ${percent(transparent)} transparent, 0% white`,
    hint: "paint white (at least half as bright as full white, opaque) on black",
  });
}

/** The mask that a picture's own transparency gives: alpha below one half is missing; undefined without alpha. */
export function alphaMask(image: Image): Mask | undefined {
  if (!image.alpha) return undefined;
  return createMask(
    image.width,
    image.height,
    Uint8Array.from(image.alpha, (value) => (value < 0.5 ? 0 : 1)),
  );
}

/** The mask as a grey picture, as files have it: white = missing. */
export function maskImage(mask: Mask): Image {
  const data = Float32Array.from(mask.known, (value) => (value ? 0 : 1));
  return { width: mask.width, height: mask.height, channels: 1, data, meta: { format: "png", bitDepth: 8 } };
}
