import { expect, test } from "vitest";
import { philox4x32 } from "../../src/random/philox.ts";

// Random123's kat_vectors, "philox4x32 10": counter, key, result.
test.each([
  [
    [0, 0, 0, 0],
    [0, 0],
    [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
  ],
  [
    [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
    [0xffffffff, 0xffffffff],
    [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
  ],
  [
    [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    [0xa4093822, 0x299f31d0],
    [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  ],
])("gives the published answer for counter %j and key %j", ([c0, c1, c2, c3], [k0, k1], answer) => {
  const out = new Uint32Array(6);
  philox4x32(out, 1, c0, c1, c2, c3, k0, k1);
  expect([...out]).toEqual([0, ...answer, 0]);
});

test("multiplies exactly: agrees with 64-bit integers on many counters", () => {
  const mask = 0xffffffffn;
  const reference = (counter: readonly number[], key: readonly number[]): number[] => {
    let [a, b, c, d] = counter.map(BigInt);
    let [k, l] = key.map(BigInt);
    for (let round = 0; round < 10; round++) {
      const p = 0xd2511f53n * a;
      const q = 0xcd9e8d57n * c;
      [a, b, c, d] = [(q >> 32n) ^ b ^ k, q & mask, (p >> 32n) ^ d ^ l, p & mask];
      k = (k + 0x9e3779b9n) & mask;
      l = (l + 0xbb67ae85n) & mask;
    }
    return [a, b, c, d].map(Number);
  };
  const block = new Uint32Array(4);
  let counter = [0, 1, 2, 0xffffffff];
  const wrong: number[][] = [];
  for (let i = 0; i < 2000; i++) {
    const key = [counter[3], i];
    philox4x32(block, 0, counter[0], counter[1], counter[2], counter[3], key[0], key[1]);
    const wanted = reference(counter, key);
    if (wanted.some((w, k) => w !== block[k])) wrong.push(counter);
    counter = [...block]; // walk on from the result
  }
  expect(wrong).toEqual([]);
});
