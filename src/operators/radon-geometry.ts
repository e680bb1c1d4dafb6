/** Where the rays of a parallel-beam scan run through a picture (scikit-image's conventions). */
export interface RadonGeometry {
  /** The picture. */
  readonly height: number;
  readonly width: number;
  /** The part of it that is scanned: all of it, or the middle square. */
  readonly top: number;
  readonly left: number;
  readonly rows: number;
  readonly columns: number;
  /** The pixel about which the picture turns. */
  readonly centreRow: number;
  readonly centreColumn: number;
  /** Rays per angle, one pixel apart; ray `centre` runs through the centre pixel. */
  readonly detectors: number;
  readonly centre: number;
  /** Degrees. */
  readonly angles: readonly number[];
}

/**
 * @param circle as in scikit-image: `false` scans the whole picture, on ⌈√2·max(H, W)⌉ rays; `true` takes the middle square
 *   of the picture on min(H, W) rays, which sees every pixel at every angle only inside the inscribed circle
 */
export function radonGeometry(
  height: number,
  width: number,
  angles: readonly number[],
  circle: boolean,
): RadonGeometry {
  if (circle) {
    const side = Math.min(height, width);
    const [top, left] = [Math.ceil((height - side) / 2), Math.ceil((width - side) / 2)];
    const centre = Math.floor(side / 2);
    const square = { top, left, rows: side, columns: side, centreRow: top + centre, centreColumn: left + centre };
    return { height, width, ...square, detectors: side, centre, angles };
  }
  const detectors = Math.ceil(Math.SQRT2 * Math.max(height, width));
  const [centreRow, centreColumn] = [Math.floor(height / 2), Math.floor(width / 2)];
  const whole = { top: 0, left: 0, rows: height, columns: width, centreRow, centreColumn };
  return { height, width, ...whole, detectors, centre: Math.floor(detectors / 2), angles };
}

/** `count` angles evenly over half a turn, in degrees, 180 itself excluded. */
export function evenAngles(count: number): number[] {
  return Array.from({ length: count }, (_, k) => (180 * k) / count);
}

/** A pixel adds to at most this many neighbouring rays of an angle. */
export const raysPerPixel = 3;
/** A ray reads at most this many neighbouring pixels of each line that it crosses. */
export const pixelsPerLine = 4;

/** A sparse scan matrix in two orders. Neighbours may lie beyond the detectors or the picture; their weight is 0. */
export interface RadonWeights {
  /** The first ray of each pixel at each angle, [H·W, angles], and the weights of it and the next, [H·W, angles, 3]. */
  readonly firstRay: Int32Array;
  readonly byPixel: Float32Array;
  readonly angles: readonly AngleWeights[];
}

export interface AngleWeights {
  /** Do the rays cross the picture's rows (true) or its columns, at 45° or more? */
  readonly acrossRows: boolean;
  /** For each ray and line the first of its pixels on that line, [detectors, lines], and the weights, [detectors, lines, 4]. */
  readonly firstPixel: Int32Array;
  readonly byRay: Float32Array;
}

/**
 * The picture is turned by bilinear interpolation about its centre pixel and summed along its columns, as
 * `skimage.transform.radon` does: ray c at height r of the turned picture lies at x = cx + cos·u + sin·v,
 * y = cy − sin·u + cos·v with u = c − centre and v = r − centre. All weights are multiplied by `scale`.
 */
export function radonWeights(geometry: RadonGeometry, scale: number): RadonWeights {
  const { height, width, angles } = geometry;
  const firstRay = new Int32Array(height * width * angles.length);
  const byPixel = new Float32Array(height * width * angles.length * raysPerPixel);
  const each = angles.map((degrees, a) => scanAngle(geometry, degrees, scale, a, firstRay, byPixel));
  return { firstRay, byPixel, angles: each };
}

/** Keeps a ray that touches the edge of a pixel's reach, which rounding may put on either side, with that pixel. */
const rounding = 1e-9;

function scanAngle(
  geometry: RadonGeometry,
  degrees: number,
  scale: number,
  a: number,
  firstRay: Int32Array,
  byPixel: Float32Array,
): AngleWeights {
  const { height, width, top, left, rows, columns, centreRow, centreColumn, detectors, centre, angles } = geometry;
  const [cos, sin] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  const acrossRows = Math.abs(cos) >= Math.abs(sin);
  const lines = acrossRows ? height : width;
  // A pixel's tent reaches one pixel along both axes of the picture, so far along the detectors:
  const reach = Math.abs(cos) + Math.abs(sin);
  const slope = acrossRows ? cos : -sin;

  for (let i = 0; i < height; i++)
    for (let j = 0; j < width; j++) {
      const u = cos * (j - centreColumn) - sin * (i - centreRow);
      firstRay[(i * width + j) * angles.length + a] = Math.ceil(u + centre - reach - rounding);
    }
  const firstPixel = new Int32Array(detectors * lines);
  for (let c = 0; c < detectors; c++)
    for (let l = 0; l < lines; l++) {
      // Where along the line the ray crosses it.
      const across = acrossRows ? sin * (l - centreRow) : -cos * (l - centreColumn);
      const at = (acrossRows ? centreColumn : centreRow) + (c - centre + across) / slope;
      firstPixel[c * lines + l] = Math.ceil(at - reach / Math.abs(slope) - rounding);
    }

  const byRay = new Float32Array(detectors * lines * pixelsPerLine);
  const add = (i: number, j: number, c: number, weight: number) => {
    if (weight === 0 || i < top || j < left || i >= top + rows || j >= left + columns) return;
    const at = (i * width + j) * angles.length + a;
    const k = c - firstRay[at];
    const [line, along] = acrossRows ? [i, j] : [j, i];
    const m = along - firstPixel[c * lines + line];
    // Weights beyond the reach are rounding errors of points on its edge.
    if (k < 0 || k >= raysPerPixel || m < 0 || m >= pixelsPerLine) return;
    // The same sums in the same order: the two forms stay each other's transpose to the last bit.
    byPixel[at * raysPerPixel + k] += scale * weight;
    byRay[(c * lines + line) * pixelsPerLine + m] += scale * weight;
  };
  for (let c = 0; c < detectors; c++)
    for (let r = 0; r < detectors; r++) {
      const [u, v] = [c - centre, r - centre];
      const x = centreColumn + cos * u + sin * v;
      const y = centreRow - sin * u + cos * v;
      const [i, j] = [Math.floor(y), Math.floor(x)];
      const [dy, dx] = [y - i, x - j];
      add(i, j, c, (1 - dy) * (1 - dx));
      add(i, j + 1, c, (1 - dy) * dx);
      add(i + 1, j, c, dy * (1 - dx));
      add(i + 1, j + 1, c, dy * dx);
    }
  return { acrossRows, firstPixel, byRay };
}

/** A scan and its transpose on the host, of several planes at once: what norms and first guesses are computed with. */
export interface RadonMatrix {
  /** [planes, H·W] → [planes, detectors, angles] */
  project(x: Float64Array): Float64Array;
  /** [planes, detectors, angles] → [planes, H·W] */
  backproject(y: Float64Array): Float64Array;
}

export function radonMatrix({ detectors, angles }: RadonGeometry, { firstRay, byPixel }: RadonWeights): RadonMatrix {
  const count = angles.length;
  const pixels = firstRay.length / count;
  const rays = detectors * count;
  // Written out twice: a call for each of some ten million weights would take most of the time.
  return {
    project(x) {
      const planes = x.length / pixels;
      const y = new Float64Array(planes * rays);
      for (let p = 0, at = 0; p < pixels; p++)
        for (let a = 0; a < count; a++, at++)
          for (let k = 0; k < raysPerPixel; k++) {
            const weight = byPixel[at * raysPerPixel + k];
            const entry = (firstRay[at] + k) * count + a;
            if (weight !== 0) for (let c = 0; c < planes; c++) y[c * rays + entry] += weight * x[c * pixels + p];
          }
      return y;
    },
    backproject(y) {
      const planes = y.length / rays;
      const x = new Float64Array(planes * pixels);
      for (let p = 0, at = 0; p < pixels; p++)
        for (let a = 0; a < count; a++, at++)
          for (let k = 0; k < raysPerPixel; k++) {
            const weight = byPixel[at * raysPerPixel + k];
            const entry = (firstRay[at] + k) * count + a;
            if (weight !== 0) for (let c = 0; c < planes; c++) x[c * pixels + p] += weight * y[c * rays + entry];
          }
      return x;
    },
  };
}

/**
 * An upper bound of ‖R‖₂²: for the non-negative matrix G = RᵀR and any positive v the largest (Gv)_p/v_p bounds the
 * spectral radius (Collatz and Wielandt), tightly when v is close to the leading eigenvector.
 */
export function radonNormSquared({ project, backproject }: RadonMatrix, pixels: number, iterations = 6): number {
  let v = new Float64Array(pixels).fill(1);
  let bound = 0;
  for (let k = 0; k < iterations; k++) {
    const g = backproject(project(v));
    bound = g.reduce((most, value, p) => Math.max(most, value / v[p]), 0);
    const top = g.reduce((most, value) => Math.max(most, value), 0);
    if (top === 0) return 0;
    // Pixels that no ray sees have no part in the eigenvector; a small entry keeps v positive.
    v = g.map((value) => Math.max(value / top, 1e-6));
  }
  return bound;
}
