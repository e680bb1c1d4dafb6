import fc from "fast-check";
import * as t from "../all.ts";
import { bools, type Cases, fixed, type Problem } from "./value.ts";

const small = (min: number, max: number) => fc.integer({ min, max });
const space = fc.array(small(1, 3), { minLength: 1, maxLength: 2 }).map((s) => s.with(-1, s.at(-1)! + 1));

function grouped(
  build: (x: t.Tensor, groups: number, o: t.NormOptions) => t.Tensor,
  perChannel: boolean,
): fc.Arbitrary<Problem> {
  return fc.tuple(small(1, 2), small(1, 3), small(1, 3), space, small(0, 2)).chain(([n, groups, each, s, affine]) => {
    const c = perChannel ? groups : groups * each;
    return fc.tuple(fixed([n, c, ...s]), fixed([c]), fixed([c])).map((all) => ({
      inputs: all.slice(0, 1 + affine),
      build: (x: t.Tensor, scale?: t.Tensor, bias?: t.Tensor) => build(x, groups, { scale, bias, eps: 1e-2 }),
      note: `${groups} groups`,
    }));
  });
}

function rowwise(build: (x: t.Tensor, o: t.NormOptions & { axis: number }) => t.Tensor): fc.Arbitrary<Problem> {
  return fc.tuple(small(-2, -1), small(0, 2)).chain(([axis, affine]) => {
    const own = [3, 4].slice(axis);
    return fc.tuple(fixed([2, 3, 4]), fixed(own), fixed(own)).map((all) => ({
      inputs: all.slice(0, 1 + affine),
      build: (x: t.Tensor, scale?: t.Tensor, bias?: t.Tensor) => build(x, { scale, bias, axis, eps: 1e-2 }),
      note: `axis ${axis}`,
    }));
  });
}

const scaledDot = fc
  .tuple(small(1, 2), small(1, 3), small(1, 4), small(1, 3), small(1, 3), small(0, 2))
  .chain(([b, queries, keys, d, e, masked]) =>
    fc
      .tuple(
        fixed([b, queries, d]),
        fixed([b, keys, d]),
        fixed([b, keys, e]),
        masked === 2 ? bools([queries, keys]) : fixed([queries, keys]),
      )
      .map(([q, k, v, m]) => ({
        inputs: masked > 0 ? [q, k, v, m] : [q, k, v],
        build: ((...x: t.Tensor[]) => t.attention(x[0], x[1], x[2], { mask: x[3] })) as Problem["build"],
      })),
  );

const sums: [equation: string, ...shapes: number[][]][] = [
  ["ij,jk->ik", [2, 3], [3, 4]],
  ["bij,bjk->bik", [2, 2, 3], [2, 3, 2]],
  ["ii->i", [3, 3]],
  ["ii", [3, 3]],
  ["ij->ji", [2, 3]],
  ["ij->", [2, 3]],
  ["i,j->ij", [2], [3]],
  ["...ij,...jk->...ik", [2, 2, 3], [3, 2]],
  ["i...,i...->...", [3, 2], [3, 1]],
  ["ij,jk,kl->il", [2, 3], [3, 2], [2, 2]],
  ["bhwc,cd->bdhw", [1, 2, 3, 2], [2, 4]],
  ["iij,jk", [2, 2, 3], [3, 2]],
  ["ab,ab->", [2, 3], [2, 3]],
  ["b i , b j -> b i j", [2, 2], [2, 3]],
];

const einsum = fc.constantFrom(...sums).chain(([equation, ...list]) =>
  (fc.tuple(...list.map((s) => fixed(s))) as fc.Arbitrary<Problem["inputs"]>).map((inputs) => ({
    inputs,
    build: (...xs: t.Tensor[]) => t.einsum(equation, ...xs),
    note: equation,
  })),
);

const norm = fc.constantFrom<t.FftNorm[]>("backward", "ortho", "forward");
const plane = fc.tuple(small(1, 2), small(1, 5), small(1, 5));

function transform(build: (x: t.Tensor | t.Complex, n: t.FftNorm) => t.Complex): fc.Arbitrary<Problem> {
  return fc.tuple(plane, norm, fc.boolean()).chain(([s, n, complex]) =>
    fc.tuple(fixed(s), fixed(s)).map((all) => ({
      inputs: all.slice(0, complex ? 2 : 1),
      build: (re: t.Tensor, im?: t.Tensor) => {
        const y = build(im ? { re, im } : re, n);
        return [y.re, y.im];
      },
      note: `${s} ${n}`,
    })),
  );
}

export const layers: Cases = {
  standardize: fc.tuple(small(1, 2), small(1, 3), small(1, 3), small(2, 4)).chain(([n, g, c, m]) =>
    fc.tuple(fixed([n, g, c, m]), fixed([1, g, c, 1]), fixed([1, 1, 1, 1])).map((inputs) => ({
      inputs,
      build: ((x: t.Tensor, scale: t.Tensor, bias: t.Tensor) =>
        t.standardize(x, scale, bias, 1e-2)) as Problem["build"],
    })),
  ),
  groupNorm: grouped(t.groupNorm, false),
  instanceNorm: grouped((x, _, o) => t.instanceNorm(x, o), true),
  layerNorm: rowwise(t.layerNorm),
  rmsNorm: rowwise(t.rmsNorm),
  attention: scaledDot,
  einsum,
  fft2: transform(t.fft2),
  ifft2: transform(t.ifft2),
  rfft2: fc
    .tuple(plane, norm)
    .chain(([s, n]) =>
      fixed(s).map((x) => ({ inputs: [x], build: (v: t.Tensor) => Object.values(t.rfft2(v, n)) as t.Tensor[] })),
    ),
  irfft2: fc.tuple(plane, norm).chain(([[c, h, w], n]) => {
    const half = [c, h, Math.floor(w / 2) + 1];
    return fc.tuple(fixed(half), fixed(half)).map((inputs) => ({
      inputs,
      build: ((re: t.Tensor, im: t.Tensor) => t.irfft2({ re, im }, w, n)) as Problem["build"],
      note: `${c} ${h} ${w} ${n}`,
    }));
  }),
};
