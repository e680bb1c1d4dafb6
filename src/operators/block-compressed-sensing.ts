import { concat, constant, type Tensor } from "../tensor/index.ts";
import { measurements } from "./compressed-sensing.ts";
import { matrixParameter, transposed } from "./dense.ts";
import { checkShape, type Operator } from "./operator.ts";
import { randomOrthogonal } from "./orthogonal.ts";

export interface BlockCompressedSensingOptions {
  /** Measurements per pixel and channel, above 0 and at most 1. */
  readonly ratio: number;
  /** Names the basis. */
  readonly seed: number;
  /** Side of the blocks: 32 as published. */
  readonly block?: number | undefined;
}

/**
 * Block compressed sensing (DDNM): each 32×32 block of each channel is seen through the first m = round(ratio·1024) vectors
 * of one random orthonormal basis. Blocks cut off at the right and at the bottom have a basis of their own size, so that any
 * picture is measured exactly; all singular values are 1 and A† = Aᵀ.
 *
 *   y      [1, C, 1, M]: for each kind of block (whole; right; bottom; corner) block by block
 */
export function blockCompressedSensing(options: BlockCompressedSensingOptions, domain: readonly number[]): Operator {
  const { ratio, seed, block = 32 } = options;
  const [, channels, height, width] = domain;
  const regions = blockRegions(height, width, block).map((region) => prepared(region, ratio, seed));
  const size = height * width;
  const kept = regions.reduce((sum, { count, seen }) => sum + count * seen, 0);
  const range = [1, channels, 1, kept];

  const vt = (x: Tensor) => {
    const parts = regions.map((r) => toBlocks(x, r).matmul(r.forward));
    const [n] = x.shape;
    const flat = (part: Tensor) => part.reshape(n, channels, 1, part.size / (n * channels));
    // What is seen of all blocks comes first.
    const seen = parts.map((part, i) => flat(part.narrow(3, 0, regions[i].seen)));
    const rest = parts.flatMap((part, i) => {
      const { seen: from, area } = regions[i];
      return from === area ? [] : [flat(part.narrow(3, from, area - from))];
    });
    return { seen: concat(seen, 3), rest };
  };
  // Spectral coordinates are laid out as a picture.
  const asPicture = (z: Tensor) => z.reshape(z.shape[0], channels, height, width);
  const asLine = (z: Tensor) => z.reshape(z.shape[0], channels, 1, size);
  const v = (spectral: Tensor) => {
    const z = asLine(spectral);
    const [n] = z.shape;
    let [at, behind] = [0, kept];
    const pictures = regions.map((r) => {
      const take = (start: number, each: number) =>
        z.narrow(3, start, r.count * each).reshape(n, channels, r.count, each);
      const parts = [take(at, r.seen), ...(r.seen === r.area ? [] : [take(behind, r.area - r.seen)])];
      at += r.count * r.seen;
      behind += r.count * (r.area - r.seen);
      return fromBlocks(concat(parts, 3).matmul(r.back), r);
    });
    return assembled(pictures, regions);
  };
  const fill = (y: Tensor) =>
    asPicture(
      y.pad([
        [0, 0],
        [0, 0],
        [0, 0],
        [0, size - kept],
      ]),
    );
  return {
    name: "block-compressed-sensing",
    domain: [1, ...domain.slice(1)],
    range,
    linear: true,
    normSquared: 1,
    exactPseudoInverse: true,
    apply(x) {
      checkShape("block-compressed-sensing", domain, x);
      return vt(x).seen;
    },
    pseudoInverse(y) {
      checkShape("pseudo-inverse of block-compressed-sensing", range, y);
      return v(fill(y));
    },
    solveGram: (y, lambda) => y.div(lambda.add(1)),
    svd: {
      vt: (x) => {
        const { seen, rest } = vt(x);
        return asPicture(concat([seen, ...rest], 3));
      },
      v,
      ut: fill,
      u: (z) => asLine(z).narrow(3, 0, kept),
      singularValues: constant(
        Float64Array.from({ length: size }, (_, i) => (i < kept ? 1 : 0)),
        [1, 1, height, width],
        "float32",
      ),
    },
    toJSON: () => ({ name: "block-compressed-sensing", ratio, seed, block }),
  };
}

/** Number of measurements of one channel. */
export function blockMeasurements(ratio: number, height: number, width: number, block: number): number {
  return blockRegions(height, width, block).reduce(
    (sum, { count, blockHeight, blockWidth }) => sum + count * measurements(ratio, blockHeight * blockWidth),
    0,
  );
}

/** A part of the picture that is divided into equal blocks. */
interface Region {
  readonly top: number;
  readonly left: number;
  readonly blockHeight: number;
  readonly blockWidth: number;
  readonly rows: number;
  readonly columns: number;
  /** Number of blocks. */
  readonly count: number;
}

function blockRegions(height: number, width: number, block: number): Region[] {
  const axis = (n: number) => {
    const whole = Math.floor(n / block);
    const rest = n - whole * block;
    return [
      ...(whole > 0 ? [{ start: 0, size: block, count: whole }] : []),
      ...(rest > 0 ? [{ start: whole * block, size: rest, count: 1 }] : []),
    ];
  };
  return axis(height).flatMap((down) =>
    axis(width).map((across) => ({
      top: down.start,
      left: across.start,
      blockHeight: down.size,
      blockWidth: across.size,
      rows: down.count,
      columns: across.count,
      count: down.count * across.count,
    })),
  );
}

interface Prepared extends Region {
  /** Pixels of a block. */
  readonly area: number;
  /** How many of its coefficients are seen. */
  readonly seen: number;
  /** Blocks as rows times this are their coefficients, and back. */
  readonly forward: Tensor;
  readonly back: Tensor;
}

function prepared(region: Region, ratio: number, seed: number): Prepared {
  const area = region.blockHeight * region.blockWidth;
  const basis = randomOrthogonal(area, seed);
  return {
    ...region,
    area,
    seen: measurements(ratio, area),
    forward: matrixParameter(transposed(basis)),
    back: matrixParameter(basis),
  };
}

/** [N, C, H, W] → [N, C, blocks, pixels of a block]. */
function toBlocks(x: Tensor, r: Prepared): Tensor {
  const [n, c] = x.shape;
  const { top, left, blockHeight, blockWidth, rows, columns, count, area } = r;
  return x
    .narrow(2, top, rows * blockHeight)
    .narrow(3, left, columns * blockWidth)
    .reshape(n, c, rows, blockHeight, columns, blockWidth)
    .transpose([0, 1, 2, 4, 3, 5])
    .reshape(n, c, count, area);
}

function fromBlocks(blocks: Tensor, { rows, columns, blockHeight, blockWidth }: Prepared): Tensor {
  const [n, c] = blocks.shape;
  return blocks
    .reshape(n, c, rows, columns, blockHeight, blockWidth)
    .transpose([0, 1, 2, 4, 3, 5])
    .reshape(n, c, rows * blockHeight, columns * blockWidth);
}

/** Regions lie in rows, each from left to right. */
function assembled(pictures: readonly Tensor[], regions: readonly Region[]): Tensor {
  const tops = [...new Set(regions.map(({ top }) => top))];
  const bands = tops.map((top) =>
    concat(
      pictures.filter((_, i) => regions[i].top === top),
      3,
    ),
  );
  return concat(bands, 2);
}
