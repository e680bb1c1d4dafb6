import { describe, expect, test } from "vitest";
import { philox4x32 } from "../../src/random/philox.ts";
import { fnv1a, words } from "../../src/random/stream.ts";

test("hashes purposes with FNV-1a: the published test values", () => {
  // Test vectors of the authors for "", "a", "foobar".
  expect([fnv1a(""), fnv1a("a"), fnv1a("foobar")]).toEqual([0x811c9dc5, 0xe40c292c, 0xbf9cf968]);
});

describe("words", () => {
  test("follow the documented layout of key and counter", () => {
    const seed = 2 ** 32 * 5 + 7;
    const got = words({ seed, sample: 3, step: 11, purpose: "noise" }, 3);
    const block = new Uint32Array(4);
    philox4x32(block, 0, 2, 11, 3, fnv1a("noise"), 7, 5);
    expect([...got.subarray(8)]).toEqual([...block]);
  });

  test("differ when any part of the name differs", () => {
    const base = { seed: 1, sample: 1, step: 1, purpose: "a" };
    const names = [
      base,
      { ...base, seed: 2 },
      { ...base, seed: 1 + 2 ** 32 },
      { ...base, sample: 2 },
      { ...base, step: 2 },
      { ...base, purpose: "b" },
    ];
    expect(new Set(names.map((name) => words(name, 1).join())).size).toBe(names.length);
  });

  test("take every seed up to 2^53 and refuse others", () => {
    expect(words({ seed: 2 ** 53, purpose: "" }, 1)).toHaveLength(4);
    for (const seed of [-1, 0.5, Number.NaN, 2 ** 53 + 2])
      expect(() => words({ seed, purpose: "" }, 1)).toThrow("seed: expected a whole number");
    expect(() => words({ seed: 0, sample: 2 ** 32, purpose: "" }, 1)).toThrow("sample: expected");
    expect(() => words({ seed: 0, step: -1, purpose: "" }, 1)).toThrow("step: expected");
  });
});
