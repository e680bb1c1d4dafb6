import { apply, concat, constant, type Op, type Tensor } from "../tensor/index.ts";
import { pixelsPerLine, type RadonGeometry, type RadonWeights, raysPerPixel } from "./radon-geometry.ts";

/** Work is cut into pieces whose gathered tensors stay below this many bytes per channel, so that caches hold them. */
const pieceBytes = 4 << 20;

/** A linear map and its transpose, each in the form that is fastest to compute. */
export interface LinearPair {
  forward(x: Tensor): Tensor;
  transpose(y: Tensor): Tensor;
}

/**
 * Joins the two: the derivative of either is the other. (Left to itself, the derivative of reading scattered entries is
 * adding to scattered entries, which an engine does on one core, entry by entry.)
 */
export function linearPair(forward: (x: Tensor) => Tensor, transpose: (y: Tensor) => Tensor): LinearPair {
  const join = (map: (x: Tensor) => Tensor, other: (x: Tensor) => Tensor): ((x: Tensor) => Tensor) => {
    // Takes the value and what it is computed from; the value itself carries no derivative.
    const op: Op = {
      name: "linearMap",
      kind: "linearMap",
      infer: ([value]) => value,
      evaluate: ([value]) => value.data,
      onnx: (_, [value]) => value,
      vjp: ({ gradient }) => [undefined, join(other, map)(gradient)],
    };
    return (x) => apply(op, [map(x.stopGradient()), x], undefined);
  };
  return { forward: join(forward, transpose), transpose: join(transpose, forward) };
}

/**
 * The scan [N, C, H, W] → [N, C, detectors, angles] and its transpose. Both gather, neither scatters: a ray reads up to
 * four neighbouring pixels on each line that it crosses, a pixel reads three neighbouring rays of each angle. Neighbours
 * are stacked first, so that each index moves them, for all channels, in one piece; batched matrix products weigh them.
 */
export function radonPair(geometry: RadonGeometry, weights: RadonWeights): LinearPair {
  const { height, width, detectors, angles } = geometry;
  const parts = [true, false].flatMap((acrossRows) => projections(geometry, weights, acrossRows));
  const order = parts.flatMap(({ numbers }) => numbers);
  const sorted = order.every((a, k) => a === k);
  const places = order.map((_, a) => order.indexOf(a));
  const backproject = raysToPixels(geometry, weights.firstRay, weights.byPixel, raysPerPixel);
  return linearPair((x) => {
    const [n, c] = x.shape;
    const planes = x.reshape(n * c, height, width);
    const y = concat(
      parts.map(({ map }) => map(planes)),
      0,
    );
    const byAngle = sorted ? y : y.gather(places, 0);
    return byAngle.transpose([2, 1, 0]).reshape(n, c, detectors, angles.length);
  }, backproject);
}

interface Projection {
  /** Which angles. */
  readonly numbers: readonly number[];
  /** [planes, H, W] → [numbers, detectors, planes] */
  map(x: Tensor): Tensor;
}

function projections(geometry: RadonGeometry, { angles }: RadonWeights, acrossRows: boolean): Projection[] {
  const { height, width, detectors } = geometry;
  const numbers = [...angles.keys()].filter((a) => angles[a].acrossRows === acrossRows);
  const [lines, along] = acrossRows ? [height, width] : [width, height];
  const crossings = detectors * lines;
  const length = along + pixelsPerLine + 1;
  return pieces(numbers.length, crossings * pixelsPerLine).map(([from, to]) => {
    const piece = numbers.slice(from, to);
    const indices = new Int32Array(piece.length * crossings);
    const values = new Float32Array(piece.length * crossings * pixelsPerLine);
    piece.forEach((a, k) => {
      const { firstPixel, byRay } = angles[a];
      values.set(byRay, k * byRay.length);
      for (let e = 0; e < crossings; e++) {
        const first = Math.min(Math.max(firstPixel[e], -pixelsPerLine), along);
        indices[k * crossings + e] = (e % lines) * length + first + pixelsPerLine;
      }
    });
    const index = constant(indices, [indices.length], "int32");
    const weight = constant(values, [piece.length * detectors, 1, lines * pixelsPerLine], "float32");
    return {
      numbers: piece,
      map(x) {
        const byLine = x.transpose(acrossRows ? [1, 2, 0] : [2, 1, 0]); // [lines, along, planes]
        const read = stacked(byLine, pixelsPerLine, pixelsPerLine).gather(index, 0);
        const byRay = read.reshape(piece.length * detectors, lines * pixelsPerLine, x.shape[0]);
        return weight.matmul(byRay).reshape(piece.length, detectors, x.shape[0]);
      },
    };
  });
}

/**
 * [N, C, detectors, angles] → [N, C, H, W]: each pixel is a weighted sum of `taps` neighbouring rays of each angle.
 * @param firstRay [H·W, angles]
 * @param weights [H·W, angles, taps]; 0 for rays beyond the detectors
 */
export function raysToPixels(
  { height, width, detectors, angles: { length: angles } }: RadonGeometry,
  firstRay: Int32Array,
  weights: Float32Array,
  taps: number,
): (y: Tensor) => Tensor {
  const margin = taps - 1;
  const length = detectors + margin;
  const parts = pieces(height * width, angles * taps).map(([from, to]) => {
    const first = firstRay.subarray(from * angles, to * angles);
    const indices = first.map(
      (ray, e) => (e % angles) * length + Math.min(Math.max(ray, -margin), detectors - 1) + margin,
    );
    const index = constant(indices, [indices.length], "int32");
    const weight = constant(weights.subarray(from * angles * taps, to * angles * taps), [to - from, 1, angles * taps]);
    return (rays: Tensor, planes: number) =>
      weight.matmul(rays.gather(index, 0).reshape(to - from, angles * taps, planes)).reshape(to - from, planes);
  });
  return (y) => {
    const [n, c] = y.shape;
    const byAngle = y.reshape(n * c, detectors, angles).transpose([2, 1, 0]);
    const rays = stacked(byAngle, margin, taps);
    const pixels = concat(
      parts.map((part) => part(rays, n * c)),
      0,
    );
    return pixels.transpose([1, 0]).reshape(n, c, height, width);
  };
}

/**
 * Entries k, k+1, … (`count` of them) of axis 1 of x [m, n, planes] side by side, for each k; zeros stand in the margins
 * on both sides: [m·(n + 2·margin − count + 1), count·planes].
 */
function stacked(x: Tensor, margin: number, count: number): Tensor {
  const [m, n, planes] = x.shape;
  const padded = x.pad([
    [0, 0],
    [margin, margin],
    [0, 0],
  ]);
  const length = n + 2 * margin - count + 1;
  const shifts = Array.from({ length: count }, (_, k) => padded.narrow(1, k, length).unsqueeze(2));
  return concat(shifts, 2).reshape(m * length, count * planes);
}

/** [from, to) of the pieces into which `count` things of `floats` numbers each are cut. */
function pieces(count: number, floats: number): [number, number][] {
  const size = Math.max(1, Math.floor(pieceBytes / (4 * floats)));
  return Array.from({ length: Math.ceil(count / size) }, (_, k) => [k * size, Math.min(count, (k + 1) * size)]);
}
