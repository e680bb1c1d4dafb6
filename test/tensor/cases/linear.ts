import fc from "fast-check";
import * as t from "../all.ts";
import { type Cases, fixed, type Problem, shapes } from "./value.ts";

const small = (min: number, max: number) => fc.integer({ min, max });
const pairOf = (min: number, max: number) => fc.tuple(small(min, max), small(min, max));
const padsOf = (max: number) => fc.tuple(small(0, max), small(0, max), small(0, max), small(0, max));

const window = fc.record({
  n: small(1, 2),
  groups: small(1, 3),
  cIn: small(1, 2),
  cOut: small(1, 2),
  kernel: pairOf(1, 3),
  stride: pairOf(1, 3),
  dilation: pairOf(1, 2),
  pads: padsOf(3),
  extra: pairOf(0, 4),
  bias: fc.boolean(),
});

const convolution = window.chain((o) => {
  const reach = [0, 1].map((a) => o.dilation[a] * (o.kernel[a] - 1) + 1);
  const size = reach.map((r, a) => Math.max(1, r - o.pads[a] - o.pads[a + 2]) + o.extra[a]);
  return fc
    .tuple(
      fixed([o.n, o.groups * o.cIn, ...size]),
      fixed([o.groups * o.cOut, o.cIn, ...o.kernel]),
      fixed([o.groups * o.cOut]),
    )
    .map(([x, w, b]) => ({
      inputs: o.bias ? [x, w, b] : [x, w],
      build: (v: t.Tensor, k: t.Tensor, bias?: t.Tensor) =>
        t.conv(v, k, { bias, stride: o.stride, dilation: o.dilation, groups: o.groups, pads: o.pads }),
      note: JSON.stringify(o),
    }));
});

const transposed = fc.tuple(window, pairOf(0, 1)).chain(([o, out]) => {
  const reach = [0, 1].map((a) => o.dilation[a] * (o.kernel[a] - 1));
  const outputPadding = out.map((p, a) => Math.min(p, Math.max(o.stride[a], o.dilation[a]) - 1)) as [number, number];
  // enough pixels that something is left inside the pads
  const size = [0, 1].map(
    (a) => Math.max(1, Math.ceil((o.pads[a] + o.pads[a + 2] - reach[a]) / o.stride[a]) + 1) + (o.extra[a] % 3),
  );
  return fc
    .tuple(
      fixed([o.n, o.groups * o.cIn, ...size]),
      fixed([o.groups * o.cIn, o.cOut, ...o.kernel]),
      fixed([o.groups * o.cOut]),
    )
    .map(([x, w, b]) => ({
      inputs: o.bias ? [x, w, b] : [x, w],
      build: (v: t.Tensor, k: t.Tensor, bias?: t.Tensor) =>
        t.convTranspose(v, k, {
          bias,
          stride: o.stride,
          dilation: o.dilation,
          groups: o.groups,
          pads: o.pads,
          outputPadding,
        }),
      note: JSON.stringify({ ...o, outputPadding }),
    }));
});

const line = fc
  .record({
    stride: small(1, 2),
    dilation: small(1, 2),
    pads: fc.oneof(small(0, 2), pairOf(0, 2)),
    turned: fc.boolean(),
  })
  .chain((o) =>
    fc.tuple(fixed([2, 3, 7]), fixed([o.turned ? 3 : 2, o.turned ? 2 : 3, 3])).map(([x, w]) => ({
      inputs: [x, w],
      build: (v: t.Tensor, k: t.Tensor) => {
        const options = { stride: o.stride, dilation: o.dilation, pads: o.pads };
        return o.turned ? t.convTranspose(v, k, options) : t.conv(v, k, options);
      },
      note: JSON.stringify(o),
    })),
  );

function pooling(build: (x: t.Tensor, o: t.PoolOptions) => t.Tensor): fc.Arbitrary<Problem> {
  const flat = fc
    .record({
      kernel: pairOf(1, 3),
      stride: pairOf(1, 3),
      dilation: pairOf(1, 2),
      share: padsOf(2),
      extra: pairOf(0, 4),
      countPadding: fc.boolean(),
    })
    .chain((o) => {
      const reach = [0, 1].map((a) => o.dilation[a] * (o.kernel[a] - 1));
      // A window must see at least one pixel.
      const pads = o.share.map((p, i) => Math.min(p, o.kernel[i % 2] - 1)) as [number, number, number, number];
      const size = reach.map((r, a) => Math.max(r + 1, o.dilation[a]) + o.extra[a]);
      const options = { kernel: o.kernel, stride: o.stride, dilation: o.dilation, pads, countPadding: o.countPadding };
      return fixed([1, 2, ...size], "distinct").map((x) => ({
        inputs: [x],
        build: (v: t.Tensor) => build(v, options),
        note: JSON.stringify(options),
      }));
    });
  const tiles = pairOf(1, 3).chain((kernel) =>
    fixed([1, 2, kernel[0] * 2, kernel[1] * 3], "distinct").map((x) => ({
      inputs: [x],
      build: (v: t.Tensor) => build(v, { kernel }),
    })),
  );
  const signals = fixed([2, 2, 7], "distinct").map((x) => ({
    inputs: [x],
    build: (v: t.Tensor) => build(v, { kernel: 3, stride: 2, pads: [1, 0] }),
  }));
  return fc.oneof({ weight: 4, arbitrary: flat }, tiles, signals);
}

const resizing = fc
  .record({
    from: pairOf(1, 6),
    size: pairOf(1, 9),
    mode: fc.constantFrom<t.ResizeMode[]>("nearest", "linear", "cubic"),
    coordinates: fc.constantFrom<t.CoordinateMode[]>(
      "half_pixel",
      "align_corners",
      "asymmetric",
      "pytorch_half_pixel",
      "half_pixel_symmetric",
    ),
    nearest: fc.constantFrom<t.NearestMode[]>("floor", "ceil", "round_prefer_floor", "round_prefer_ceil"),
    antialias: fc.boolean(),
    excludeOutside: fc.boolean(),
    channels: fc.constantFrom(1, 5),
  })
  .chain(({ from, channels, ...o }) => {
    const scales = [0, 1].map((a) => o.size[a] / from[a]) as [number, number];
    return fixed([1, channels, ...from]).map((x) => ({
      inputs: [x],
      build: (v: t.Tensor) => t.resize(v, { ...o, scales }),
      note: JSON.stringify(o),
    }));
  });

const blocks = pairOf(1, 3).chain(([a, b]) =>
  fixed([1, 2, 2, 3]).map((x) => ({ inputs: [x], build: (v: t.Tensor) => t.resize(v, { size: [2 * a, 3 * b] }) })),
);

// No empty batch: ONNX Runtime cannot broadcast one against an extent of 1 in a product with a transposed operand.
const product = fc
  .tuple(shapes(0, 2, true), small(1, 3), small(1, 3), small(1, 3), small(0, 3))
  .chain(([batch, m, k, n, form]) => {
    const thin = batch.map((d, i) => (i === 0 ? 1 : d));
    const left = form === 1 ? [k] : [...(form === 3 ? thin : batch), m, k];
    const right = form === 2 ? [k] : [...(form === 3 ? batch : batch.slice(1)), k, n];
    return fc
      .tuple(fixed(left), fixed(right))
      .map((inputs) => ({ inputs, build: ((a: t.Tensor, b: t.Tensor) => t.matmul(a, b)) as Problem["build"] }));
  });

/** Pointwise convolutions beside pixel shuffles, which are joined into one op. */
const shuffled = fc
  .tuple(small(1, 2), small(1, 3), small(2, 3), fc.boolean(), fc.boolean())
  .chain(([c, o, b, bias, up]) => {
    const x = up ? fixed([2, c, 2, 3]) : fixed([2, c, 2 * b, 3 * b]);
    const w = up ? fixed([o * b * b, c, 1, 1]) : fixed([o, c * b * b, 1, 1]);
    return fc.tuple(x, w, fixed([up ? o * b * b : o])).map((inputs) => ({
      inputs: bias ? inputs : inputs.slice(0, 2),
      build: (v: t.Tensor, k: t.Tensor, bias?: t.Tensor) =>
        up ? v.conv(k, { bias }).depthToSpace(b) : v.spaceToDepth(b).conv(k, { bias }),
    }));
  });

export const linear: Cases = {
  "a pointwise conv beside a shuffle": shuffled,
  matmul: product,
  conv: fc.oneof({ weight: 5, arbitrary: convolution }, line),
  convTranspose: fc.oneof({ weight: 5, arbitrary: transposed }, line),
  averagePool: pooling(t.averagePool),
  maxPool: pooling(t.maxPool),
  resize: fc.oneof({ weight: 5, arbitrary: resizing }, blocks),
};
