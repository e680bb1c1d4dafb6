import { TweedieError } from "../errors.ts";
import { decodeHalf } from "../tensor/dtype.ts";

/** An array as NumPy stores it: row-major. */
export interface NpyArray {
  readonly shape: readonly number[];
  readonly data: Float32Array | Float64Array;
  /** Kind and bytes of the numbers in the file, as NumPy writes them: "u1", "f4", "c8". */
  readonly type?: string;
}

const magic = "\x93NUMPY";
/** NumPy itself takes no longer header by default, and no more axes. */
const LONGEST_HEADER = 10_000;
const MOST_AXES = 64;

/**
 * The array in the bytes of a NumPy file (.npy, versions 1 to 3): floats and integers of every size and byte order, bool,
 * and complex numbers, which come out as float with a new axis of extent 2 (real, imaginary) before the last two axes
 * (first, of a vector): a complex picture [H, W] as [2, H, W], coils [K, H, W] as [K, 2, H, W]. Fortran order is turned to
 * row-major. Doubles, and integers that a float cannot hold, stay doubles.
 * @param name for messages
 * @throws {TweedieError} unsupported-format: no array of numbers
 */
export function decodeNpy(bytes: Uint8Array, name = "array"): NpyArray {
  const { descr, fortran, shape, start } = readHeader(bytes, name);
  const kind = /^([<>|=])([fiubc])(\d+)$/.exec(descr);
  const width = kind ? Number(kind[3]) : 0;
  const type = kind ? `${kind[2]}${width}` : "";
  const reader = readers[type === "c8" || type === "c16" ? `f${width / 2}` : type];
  if (!kind || !reader) throw unsupported(name, "an array of real or complex numbers", `one of type ${descr}`);
  const complex = kind[2] === "c";
  const count = shape.reduce((n, d) => n * d, 1) * (complex ? 2 : 1);
  const each = complex ? width / 2 : width;
  const got = bytes.length - start;
  if (got !== count * each) throw unsupported(name, `${count * each} bytes of numbers`, String(got));
  const view = new DataView(bytes.buffer, bytes.byteOffset + start, got);
  const little = kind[1] !== ">";
  const wide = width === 8 || width === 16 || type === "i4" || type === "u4";
  const data = wide && type !== "c8" ? new Float64Array(count) : new Float32Array(count);
  for (let i = 0; i < count; i++) data[i] = reader(view, i * each, little);
  if (!complex) return { shape, data: fortran ? rowMajor(data, shape) : data, type };
  const stored = [...shape, 2]; // real and imaginary part lie side by side, also in Fortran order
  const ordered = fortran ? rowMajor(data, [2, ...shape]) : movePartsFirst(data, stored);
  return { ...placeParts(ordered, shape, Math.max(0, shape.length - 2)), type };
}

/** Do these bytes begin as a .npy file does? */
export function isNpy(bytes: Uint8Array): boolean {
  return String.fromCharCode(...bytes.subarray(0, 6)) === magic;
}

/** The bytes of a .npy file (version 1, little-endian, row-major), float32 or float64 as the data are. */
export function encodeNpy({ shape, data }: NpyArray): Uint8Array {
  const size = shape.reduce((n, d) => n * d, 1);
  if (size !== data.length)
    throw new TweedieError("size-mismatch", {
      what: "array",
      expected: `${shape.join(" × ")} = ${size} values`,
      got: String(data.length),
    });
  const each = data.BYTES_PER_ELEMENT;
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  const header = `{'descr': '<f${each}', 'fortran_order': False, 'shape': ${tuple}, }`;
  const prefix = magic.length + 4;
  const padded = `${header.padEnd(Math.ceil((prefix + header.length + 1) / 64) * 64 - prefix - 1)}\n`;
  const bytes = new Uint8Array(prefix + padded.length + size * each);
  const view = new DataView(bytes.buffer);
  writeText(bytes, 0, `${magic}\x01\x00`);
  view.setUint16(magic.length + 2, padded.length, true);
  writeText(bytes, prefix, padded);
  const start = prefix + padded.length;
  for (let i = 0; i < size; i++)
    if (each === 4) view.setFloat32(start + 4 * i, data[i], true);
    else view.setFloat64(start + 8 * i, data[i], true);
  return bytes;
}

const readers: Readonly<Record<string, (view: DataView, at: number, little: boolean) => number>> = {
  f2: (v, at, little) => decodeHalf(v.getUint16(at, little)),
  f4: (v, at, little) => v.getFloat32(at, little),
  f8: (v, at, little) => v.getFloat64(at, little),
  b1: (v, at) => (v.getUint8(at) ? 1 : 0),
  i1: (v, at) => v.getInt8(at),
  u1: (v, at) => v.getUint8(at),
  i2: (v, at, little) => v.getInt16(at, little),
  u2: (v, at, little) => v.getUint16(at, little),
  i4: (v, at, little) => v.getInt32(at, little),
  u4: (v, at, little) => v.getUint32(at, little),
  i8: (v, at, little) => Number(v.getBigInt64(at, little)),
  u8: (v, at, little) => Number(v.getBigUint64(at, little)),
};

interface Header {
  readonly descr: string;
  readonly fortran: boolean;
  readonly shape: number[];
  /** Where the numbers begin. */
  readonly start: number;
}

function readHeader(bytes: Uint8Array, name: string): Header {
  const expected = "a NumPy array file (.npy)";
  const text = (from: number, to: number) => String.fromCharCode(...bytes.subarray(from, to));
  if (bytes.length < 12 || text(0, 6) !== magic) throw unsupported(name, expected, "other bytes");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const version = bytes[6];
  const begin = version === 1 ? 10 : 12;
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  const start = begin + length;
  if (version > 3 || start > bytes.length) throw unsupported(name, expected, "a header that is cut off or unknown");
  if (length > LONGEST_HEADER) throw unsupported(name, `a header of at most ${LONGEST_HEADER} bytes`, String(length));
  const header = text(begin, start);
  const descr = /'descr':\s*'([^']*)'/.exec(header)?.[1];
  const fortran = /'fortran_order':\s*(True|False)/.exec(header)?.[1];
  const tuple = /'shape':\s*\((\s*|\s*\d+\s*,\s*|\s*\d+(?:\s*,\s*\d+)+\s*,?\s*)\)/.exec(header)?.[1];
  if (descr === undefined || fortran === undefined || tuple === undefined)
    throw unsupported(name, "an array of real or complex numbers", `the header ${header.trim().slice(0, 80)}`);
  const shape = tuple
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "")
    .map(Number);
  if (shape.length > MOST_AXES || !shape.every(Number.isSafeInteger))
    throw unsupported(name, `at most ${MOST_AXES} axes of whole extents`, `the shape (${tuple.trim().slice(0, 60)})`);
  return { descr, fortran: fortran === "True", shape, start };
}

function unsupported(what: string, expected: string, got: string): TweedieError {
  return new TweedieError("unsupported-format", { what, expected, got });
}

/** From the first index fastest to the last index fastest. */
function rowMajor<T extends Float32Array | Float64Array>(data: T, shape: readonly number[]): T {
  const out = data.slice() as T;
  const index = shape.map(() => 0);
  const strides = shape.map((_, axis) => shape.slice(0, axis).reduce((n, d) => n * d, 1));
  for (let i = 0; i < out.length; i++) {
    out[i] = data[index.reduce((at, k, axis) => at + k * strides[axis], 0)];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      if (++index[axis] < shape[axis]) break;
      index[axis] = 0;
    }
  }
  return out;
}

/** [..., 2] as [2, ...]. */
function movePartsFirst<T extends Float32Array | Float64Array>(data: T, stored: readonly number[]): T {
  const n = data.length / stored[stored.length - 1];
  const out = data.slice() as T;
  for (let i = 0; i < n; i++) [out[i], out[n + i]] = [data[2 * i], data[2 * i + 1]];
  return out;
}

/** [2, ...shape] with the axis of parts moved in front of axis `at` of the shape. */
function placeParts(data: Float32Array | Float64Array, shape: readonly number[], at: number): NpyArray {
  const inside = shape.slice(at).reduce((n, d) => n * d, 1);
  const n = data.length / 2;
  const out = data.slice();
  for (let i = 0; i < n; i++)
    for (let part = 0; part < 2; part++)
      out[(Math.floor(i / inside) * 2 + part) * inside + (i % inside)] = data[part * n + i];
  return { shape: [...shape.slice(0, at), 2, ...shape.slice(at)], data: out };
}

function writeText(bytes: Uint8Array, at: number, text: string): void {
  for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i);
}
