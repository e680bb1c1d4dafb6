import { TweedieError } from "../errors.ts";
import { type DType, fromBfloat16, type TypedArray } from "../tensor/index.ts";
import type { ByteSource } from "./byte-source.ts";
import type { StoredTensor, WeightEntry, WeightSource } from "./weight-source.ts";

/** An open safetensors file: its header is in memory, its tensors are read on demand. */
export interface Safetensors extends WeightSource {
  readonly metadata: Readonly<Record<string, string>>;
}

type Maker = { readonly BYTES_PER_ELEMENT: number } & (new (
  buffer: ArrayBufferLike,
  offset: number,
  length: number,
) => TypedArray);

const types = new Map<string, readonly [DType, Maker]>([
  ["F64", ["float64", Float64Array]],
  ["F32", ["float32", Float32Array]],
  ["F16", ["float16", Uint16Array]],
  ["BF16", ["float32", Uint16Array]], // widened when read
  ["I64", ["int64", BigInt64Array]],
  ["I32", ["int32", Int32Array]],
  ["I16", ["int16", Int16Array]],
  ["I8", ["int8", Int8Array]],
  ["U64", ["uint64", BigUint64Array]],
  ["U32", ["uint32", Uint32Array]],
  ["U16", ["uint16", Uint16Array]],
  ["U8", ["uint8", Uint8Array]],
  ["BOOL", ["bool", Uint8Array]],
]);

/** Of the header, in bytes: the bound of the reference implementation. */
const longestHeader = 100_000_000;

/** An entry of the header; offsets count from the end of the header. */
interface Located extends WeightEntry {
  readonly code: string;
  readonly from: number;
  readonly to: number;
}

/**
 * Opens a safetensors file: an 8-byte little-endian header length, a JSON header, the tensors' bytes. Only the header is
 * read. As the reference implementation (huggingface/safetensors, `SafeTensors::read_metadata`) it refuses a header above
 * 100 MB and tensors that do not cover the data exactly: no overlap, no hole, no byte left over. It also refuses a key that
 * occurs twice, which the format forbids.
 * @throws {TweedieError} invalid-model: not a whole, consistent file; unreadable-file; aborted
 */
export async function openSafetensors(bytes: ByteSource, signal?: AbortSignal): Promise<Safetensors> {
  const { header, start } = await readHeader(bytes, signal);
  const { __metadata__: texts, ...rest } = header;
  const metadata = readMetadata(texts, bytes.name);
  const entries = new Map(
    Object.entries(rest).map(([name, value]) => [name, readEntry(`${bytes.name}, tensor ${name}`, value)]),
  );
  checkCover(entries, bytes.size - start, bytes.name);
  return {
    name: bytes.name,
    metadata,
    names: () => entries.keys(),
    entry: (name) => entries.get(name),
    async read(name, signal) {
      const entry = entries.get(name);
      if (!entry) throw invalid(bytes.name, `a tensor ${name}`, "no such tensor");
      return decode(entry, await bytes.read(start + entry.from, entry.to - entry.from, signal));
    },
  };
}

function invalid(what: string, expected: string, got: string, cause?: unknown): TweedieError {
  return new TweedieError("invalid-model", { what, expected, got, cause });
}

async function readHeader(bytes: ByteSource, signal: AbortSignal | undefined) {
  const { name, size } = bytes;
  if (size < 8) throw invalid(name, "a safetensors file", `${size} bytes`);
  const first = await bytes.read(0, 8, signal);
  const length = new DataView(first.buffer, first.byteOffset).getBigUint64(0, true);
  if (length > BigInt(size - 8))
    throw invalid(name, "a whole safetensors file", `a header of ${length} bytes in a file of ${size}`);
  if (length > longestHeader) throw invalid(name, `a header of at most ${longestHeader} bytes`, String(length));
  const start = 8 + Number(length);
  return { header: parseHeader(await bytes.read(8, Number(length), signal), name), start };
}

function parseHeader(bytes: Uint8Array, source: string): Record<string, unknown> {
  let text: string;
  let header: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    header = JSON.parse(text);
  } catch (cause) {
    throw invalid(source, "a safetensors header in JSON", "no JSON", cause);
  }
  if (!isRecord(header)) throw invalid(source, "a safetensors header", "another kind of JSON value");
  if (text[0] !== "{") throw invalid(source, "a safetensors header that starts with {", JSON.stringify(text[0]));
  checkTokens(text, source);
  return header;
}

/** JSON.parse keeps the last of two equal keys, and reads 1.0 and 1e0 as 1: the reference implementation does not. */
function checkTokens(text: string, source: string): void {
  const open: Set<string>[] = [];
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (c === "{") open.push(new Set());
    else if (c === "}") open.pop();
    else if (c === '"') {
      const from = i;
      for (i++; text[i] !== '"'; i++) if (text[i] === "\\") i++;
      if (!isKey(text, i)) continue;
      const key: string = JSON.parse(text.slice(from, i + 1));
      const keys = open[open.length - 1];
      if (keys.has(key)) throw invalid(source, "a header of different keys", `${key} twice`);
      keys.add(key);
    } else if (c === "-" || c === "." || (/[eE]/.test(c) && /\d/.test(text[i - 1])))
      throw invalid(source, "a header of whole numbers", "a sign, point or exponent");
  }
}

/** Does a colon follow the string that ends at `end`? */
function isKey(text: string, end: number): boolean {
  let next = end + 1;
  while (/\s/.test(text[next])) next++;
  return text[next] === ":";
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function readMetadata(value: unknown, source: string): Record<string, string> {
  const record = value ?? {};
  if (isRecord(record) && Object.values(record).every((v) => typeof v === "string"))
    return record as Record<string, string>;
  throw invalid(source, "metadata of texts", JSON.stringify(value).slice(0, 80));
}

const isCount = (v: unknown): v is number => typeof v === "number" && Number.isSafeInteger(v) && v >= 0;

function readEntry(where: string, value: unknown): Located {
  const { dtype: code, shape, data_offsets: offsets } = isRecord(value) ? value : {};
  const type = typeof code === "string" ? types.get(code) : undefined;
  if (!type) throw invalid(where, `one of the types ${[...types.keys()].join(", ")}`, String(code));
  if (!Array.isArray(shape) || !shape.every(isCount)) throw invalid(where, "a shape", JSON.stringify(shape));
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount))
    throw invalid(where, "two data offsets", JSON.stringify(offsets));
  const [from, to] = offsets as [number, number];
  const [dtype, { BYTES_PER_ELEMENT }] = type;
  const bytes = shape.reduce((n, extent) => n * extent, BYTES_PER_ELEMENT);
  if (to - from !== bytes) throw invalid(where, `${bytes} bytes for ${code} [${shape.join(", ")}]`, `${to - from}`);
  return { code: code as string, dtype, shape, from, to };
}

/** Sorted by their offsets, the tensors must follow each other from the first byte of the data to the last. */
function checkCover(entries: ReadonlyMap<string, Located>, size: number, source: string): void {
  const sorted = [...entries].sort(([, a], [, b]) => a.from - b.from || a.to - b.to);
  let end = 0;
  for (const [name, { from, to }] of sorted) {
    const where = `${source}, tensor ${name}`;
    if (to > size) throw invalid(where, `data up to byte ${to}`, `only ${size} bytes`, "the file is cut short");
    if (from !== end) throw invalid(where, `data from byte ${end}, where the one before ends`, `from ${from}`);
    end = to;
  }
  if (end !== size) throw invalid(source, `${end} bytes of tensors`, `${size}`);
}

function decode({ code, dtype, shape, from, to }: Located, bytes: Uint8Array): StoredTensor {
  const [, Maker] = types.get(code) as readonly [DType, Maker];
  const width = Maker.BYTES_PER_ELEMENT;
  const aligned = bytes.byteOffset % width === 0 ? bytes : bytes.slice(); // typed arrays need aligned bytes
  const data = new Maker(aligned.buffer, aligned.byteOffset, (to - from) / width);
  return { dtype, shape, data: code === "BF16" ? fromBfloat16(data as Uint16Array) : data };
}
