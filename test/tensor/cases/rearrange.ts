import fc from "fast-check";
import * as t from "../all.ts";
import { axisOf, type Cases, fixed, integers, type Problem, shapes, value } from "./value.ts";

const one = (
  x: fc.Arbitrary<Problem["inputs"][number]>,
  build: (x: t.Tensor) => ReturnType<Problem["build"]>,
  note?: string,
) => x.map((v) => ({ inputs: [v], build, note }));

const range = (n: number) => Array.from({ length: n }, (_, i) => i);
const per = <T>(list: readonly number[], f: (d: number, i: number) => fc.Arbitrary<T>): fc.Arbitrary<T[]> =>
  fc.tuple(...list.map(f)) as fc.Arbitrary<T[]>;

const slicing = shapes(1, 4).chain((s) =>
  per(s, (d) =>
    fc.tuple(
      fc.integer({ min: -d - 1, max: d + 1 }),
      fc.integer({ min: -d - 2, max: d + 1 }),
      fc.constantFrom(1, 2, 3, -1, -2, -3),
    ),
  ).chain((cuts) => {
    const [starts, ends, steps] = [0, 1, 2].map((k) => cuts.map((c) => c[k]));
    return one(fixed(s), (x) => t.slice(x, starts, ends, range(s.length), steps), JSON.stringify(cuts));
  }),
);

function padding(mode: t.PadMode): fc.Arbitrary<Problem> {
  return shapes(1, 4, true).chain((s) =>
    per(s, () => fc.tuple(fc.integer({ min: -1, max: 6 }), fc.integer({ min: 0, max: 6 }))).chain((amounts) => {
      const safe = amounts.map(([a, b], i) => [s[i] < 2 ? Math.max(0, a) : a, b] as const);
      return one(fixed(s), (x) => t.pad(x, safe, mode, 0.7), `${mode} ${JSON.stringify(safe)}`);
    }),
  );
}

/** Input with an axis, and indices for that axis. */
const picked = shapes(1, 3, true).chain((s) =>
  axisOf(s.length).chain((axis) => {
    const n = s.at(axis) as number;
    return fc.tuple(
      fixed(s),
      fc.constant(axis),
      shapes(1, 2, true).chain((k) => integers(k, -n, n)),
    );
  }),
);

const picture = fc
  .tuple(
    fc.constantFrom(1, 2),
    fc.constantFrom(1, 2),
    fc.constantFrom(1, 2),
    fc.constantFrom(1, 3),
    fc.constantFrom(1, 2, 3),
  )
  .map(([n, c, h, w, b]) => ({ n, c, h, w, b }));

const withAxis = (build: (x: t.Tensor, axis: number) => ReturnType<Problem["build"]>, extra = 0) =>
  shapes(1, 4).chain((s) =>
    axisOf(s.length + extra).chain((axis) => one(fixed(s), (x) => build(x, axis), `axis ${axis}`)),
  );

export const rearrangements: Cases = {
  reshape: shapes(1, 4, true).chain((s) => one(fixed(s), (x) => t.reshape(x.square(), [...s].reverse()))),
  transpose: shapes(1, 4).chain((s) =>
    fc
      .shuffledSubarray(range(s.length), { minLength: s.length })
      .chain((p) => one(fixed(s), (x) => t.transpose(x, p), `${p}`)),
  ),
  expand: shapes(1, 4).chain((s) =>
    per(s, () => fc.boolean()).chain((ones) =>
      one(fixed(s.map((d, i) => (ones[i] ? 1 : d)).slice(ones[0] ? 1 : 0)), (x) => t.expand(x, s)),
    ),
  ),
  squeeze: shapes(1, 4).chain((s) =>
    one(fixed(s.flatMap((d, i) => (i % 2 ? [1, d] : [d]))), (x) => t.squeeze(x.square())),
  ),
  unsqueeze: withAxis((x, axis) => t.unsqueeze(x.square(), axis), 1),
  tile: shapes(1, 4).chain((s) =>
    per(s, () => fc.integer({ min: 1, max: 3 })).chain((r) => one(fixed(s), (x) => t.tile(x, r), `${r}`)),
  ),
  slice: slicing,
  narrow: withAxis((x, axis) => {
    const n = x.shape.at(axis) as number;
    return t.narrow(x, axis, Math.floor(n / 2), n - Math.floor(n / 2));
  }),
  flip: shapes(1, 4).chain((s) =>
    fc.subarray(range(s.length)).chain((axes) => one(fixed(s), (x) => t.flip(x, axes), `${axes}`)),
  ),
  split: withAxis((x, axis) => {
    const n = x.shape.at(axis) as number;
    return t.split(x, [Math.floor(n / 2), n - Math.floor(n / 2)], axis);
  }),
  concat: shapes(1, 4).chain((s) =>
    axisOf(s.length).chain((axis) =>
      fc
        .array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 3 })
        .chain((sizes) => per(sizes, (n) => fixed(s.with(axis, n))))
        .map((inputs) => ({ inputs, build: (...xs: t.Tensor[]) => t.concat(xs, axis), note: `axis ${axis}` })),
    ),
  ),
  stack: shapes(0, 3).chain((s) =>
    axisOf(s.length + 1).chain((axis) =>
      fc.tuple(fixed(s), fixed(s)).map((inputs) => ({ inputs, build: (...xs: t.Tensor[]) => t.stack(xs, axis) })),
    ),
  ),
  pad: fc.constantFrom<t.PadMode[]>("constant", "reflect", "edge", "circular").chain(padding),
  gather: picked.map(([x, axis, indices]) => ({
    inputs: [x, indices],
    build: (v: t.Tensor, k: t.Tensor) => t.gather(v, k, axis),
    note: `axis ${axis}`,
  })),
  gatherElements: shapes(1, 3, true).chain((s) =>
    axisOf(s.length).chain((axis) =>
      fc.tuple(fixed(s), integers(s.with(axis, 3), -s.at(axis)!, s.at(axis)!)).map((inputs) => ({
        inputs,
        build: ((x: t.Tensor, k: t.Tensor) => t.gatherElements(x, k, axis)) as Problem["build"],
      })),
    ),
  ),
  scatterAdd: shapes(1, 3, true).chain((s) =>
    axisOf(s.length).chain((axis) =>
      fc.tuple(fixed(s), integers([s.at(axis)!], -3, 3)).map((inputs) => ({
        inputs,
        build: ((x: t.Tensor, k: t.Tensor) => t.scatterAdd(x, k, axis, 3)) as Problem["build"],
      })),
    ),
  ),
  scatterElementsAdd: shapes(1, 3, true).chain((s) =>
    axisOf(s.length).chain((axis) =>
      fc.tuple(fixed(s), integers(s, -3, 3)).map((inputs) => ({
        inputs,
        build: ((x: t.Tensor, k: t.Tensor) => t.scatterElementsAdd(x, k, axis, 3)) as Problem["build"],
      })),
    ),
  ),
  scatterElements: fc
    .tuple(shapes(1, 3, true), fc.constantFrom<t.ScatterReduction[]>("none", "add"))
    .chain(([s, reduction]) =>
      fc
        .tuple(fixed(s), fixed(s.map((d, i) => (i === 0 ? 1 : d))), integers(s.with(0, 1), -s[0], s[0]))
        .map((inputs) => ({
          inputs,
          build: ((x: t.Tensor, u: t.Tensor, k: t.Tensor) =>
            t.scatterElements(x, k, u, 0, reduction)) as Problem["build"],
        })),
    ),
  gatherND: fc.tuple(fc.constantFrom(0, 1), fc.constantFrom(1, 2)).chain(([batch, depth]) =>
    fc
      .tuple(fixed([2, 3, 3, 2]), integers([...[2].slice(0, batch), 4, depth], batch === 0 ? -2 : -3, 2))
      .map((inputs) => ({
        inputs,
        build: ((x: t.Tensor, k: t.Tensor) => t.gatherND(x, k, batch)) as Problem["build"],
      })),
  ),
  scatterND: fc.constantFrom<t.ScatterReduction[]>("none", "add").chain((reduction) =>
    fc.tuple(fixed([4, 3, 2]), fixed([2, 2]), integers([1, 2], -3, 3), fc.boolean()).map(([x, u, k]) => ({
      inputs: [x, u],
      build: (v: t.Tensor, w: t.Tensor) => {
        const rows = t.constant([k.data[0], k.data[1], (k.data[0] + 4 + 1) % 4, k.data[1]], [2, 2], "int64");
        return t.scatterND(v, rows, w, reduction);
      },
    })),
  ),
  depthToSpace: fc
    .tuple(picture, fc.constantFrom<t.DepthOrder[]>("CRD", "DCR"))
    .chain(([p, order]) => one(fixed([p.n, p.c * p.b * p.b, p.h, p.w]), (x) => t.depthToSpace(x, p.b, order), order)),
  spaceToDepth: fc
    .tuple(picture, fc.constantFrom<t.DepthOrder[]>("CRD", "DCR"))
    .chain(([p, order]) => one(fixed([p.n, p.c, p.h * p.b, p.w * p.b]), (x) => t.spaceToDepth(x, p.b, order), order)),
  trilu: fc
    .tuple(shapes(2, 4), fc.boolean(), fc.integer({ min: -3, max: 3 }))
    .chain(([s, upper, k]) => one(fixed(s), (x) => t.trilu(x, { upper, k }), `${upper} ${k}`)),
  oneHot: fc.tuple(shapes(0, 3), value(fc.constant([2]))).chain(([s, v]) =>
    axisOf(s.length + 1).chain((axis) =>
      integers(s, -5, 5).map((k) => ({
        inputs: [k, v],
        build: (i: t.Tensor, onOff: t.Tensor) =>
          t.oneHot(i, 4, { axis, off: onOff.narrow(0, 0, 1), on: onOff.narrow(0, 1, 1) }),
      })),
    ),
  ),
};
