import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { boxMuller } from "../../src/random/box-muller.ts";
import { normalsByKernel } from "../../src/random/kernel.ts";
import { normals, normalsByScript } from "../../src/random/numbers.ts";
import { M0, M1, philox4x32, W0, W1 } from "../../src/random/philox.ts";
import { instantiate } from "../../src/random/wasm.ts";

/** The inverse of Philox: the counter whose words are given. It is a bijection, each round of which can be undone. */
function counterOf(words: readonly number[], key: readonly number[]): number[] {
  const mask = 0xffffffffn;
  const inverse = (m: bigint) => {
    let x = 1n; // Newton's iteration doubles the correct bits
    for (let i = 0; i < 6; i++) x = (x * (2n - m * x)) & mask;
    return x;
  };
  const [m0, m1, w0, w1] = [M0, M1, W0, W1].map(BigInt);
  let [a, b, c, d] = words.map(BigInt);
  for (let round = 9n; round >= 0n; round--) {
    const [k, l] = [(BigInt(key[0]) + round * w0) & mask, (BigInt(key[1]) + round * w1) & mask];
    const c0 = (d * inverse(m0)) & mask;
    const c2 = (b * inverse(m1)) & mask;
    [a, b, c, d] = [c0, a ^ ((m1 * c2) >> 32n) ^ k, c2, c ^ ((m0 * c0) >> 32n) ^ l];
  }
  return [a, b, c, d].map(Number);
}

const key = [0x12345678, 0x9abcdef0];

test("the inverse of Philox is one", () => {
  const words = [0, 0xffffffff, 0x80000000, 7];
  const [c0, c1, c2, c3] = counterOf(words, key);
  const out = new Uint32Array(4);
  philox4x32(out, 0, c0, c1, c2, c3, key[0], key[1]);
  expect([...out]).toEqual(words);
});

describe("the kernel gives the script's bits", () => {
  const bits = (x: Float32Array) => [...new Uint32Array(x.buffer, x.byteOffset, x.length)];

  test("for any stream and any number of numbers", () => {
    const part = fc.integer({ min: 0, max: 2 ** 32 - 1 });
    const stream = fc.record({ seed: fc.maxSafeNat(), sample: part, step: part, purpose: fc.string() });
    fc.assert(
      fc.property(stream, fc.nat(100), (name, n) => {
        expect(bits(normals(name, n))).toEqual(bits(normalsByScript(name, n)));
      }),
    );
  });

  test("beyond one filling of its memory", () => {
    const stream = { seed: 3, purpose: "long" };
    const n = 2 ** 18 + 37;
    const [got, wanted] = [normals(stream, n), normalsByScript(stream, n)];
    expect(got.findIndex((v, i) => !Object.is(v, wanted[i]))).toBe(-1);
  });

  test("for words at the edges of logarithm and quadrants, in each lane", () => {
    const edges = [
      0, 1, 2, 0x3fffffff, 0x40000000, 0x7fffffff, 0x80000000, 0xb504f333, 0xb504f334, 0xc0000000, 0xffffffff,
    ];
    const wrong: number[][] = [];
    for (const a of edges)
      for (const b of edges) {
        const words = [a, b, b, a];
        const wanted = new Float32Array(4);
        boxMuller(Uint32Array.from(words), wanted);
        const [block, ...counter] = counterOf(words, key);
        for (const lane of [0, 1, 2, 3]) {
          const got = new Float32Array(16);
          normalsByKernel(got, (block - lane) >>> 0, counter, key);
          if (bits(got.slice(4 * lane, 4 * lane + 4)).join() !== bits(wanted).join()) wrong.push([a, b, lane]);
        }
      }
    expect(wrong).toEqual([]);
  });
});

test("where WebAssembly lacks what the kernel needs there is none", () => {
  expect(instantiate(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 255))).toBeUndefined();
});
