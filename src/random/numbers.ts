import { boxMuller } from "./box-muller.ts";
import { normalsByKernel } from "./kernel.ts";
import { check, placeOf, type Stream, words } from "./stream.ts";

// Number i of a stream depends on the stream's name and on i alone, never on how many are asked for.

/**
 * `n` standard normal numbers. Words w0 w1 w2 w3 of block b give numbers 4b … 4b+3: the cosine and the sine branch of
 * Box-Muller on (w0, w1), then on (w2, w3), computed in float64 and rounded to float32.
 */
export function normals(stream: Stream, n: number): Float32Array {
  check("number of normals", n, 2 ** 33);
  const { counter, key } = placeOf(stream);
  const out = new Float32Array(n);
  if (!normalsByKernel(out, 0, counter, key)) out.set(normalsByScript(stream, n));
  return out;
}

/** The same numbers, without WebAssembly. */
export function normalsByScript(stream: Stream, n: number): Float32Array {
  const source = words(stream, Math.ceil(n / 4));
  const out = new Float32Array(source.length);
  boxMuller(source, out);
  return out.subarray(0, n);
}

/** `n` numbers uniform on (0, 1), 0 and 1 excluded: word i of the stream gives (floor(w / 2^9) + 1/2) / 2^23. */
export function uniforms(stream: Stream, n: number): Float32Array {
  check("number of uniforms", n, 2 ** 33);
  const source = words(stream, Math.ceil(n / 4));
  const out = new Float32Array(n);
  for (let i = 0; i < n; i++) out[i] = ((source[i] >>> 9) + 0.5) * 2 ** -23;
  return out;
}

/** `n` independent fair signs, +1 or -1: number i is +1 where bit i mod 32 of word floor(i / 32) is set. */
export function rademacher(stream: Stream, n: number): Float32Array {
  check("number of signs", n, 2 ** 33);
  const source = words(stream, Math.ceil(n / 128));
  const out = new Float32Array(n);
  for (let i = 0; i < n; i++) out[i] = (source[i >>> 5] >>> (i & 31)) & 1 ? 1 : -1;
  return out;
}
