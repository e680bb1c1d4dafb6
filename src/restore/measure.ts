import type { Operator } from "../operators/index.ts";
import { embed } from "./embedding.ts";
import { operatorSpec } from "./operator.ts";
import { withoutOutliers } from "./outliers.ts";
import type { Plan } from "./plan.ts";
import { cutMask, cutTile, type Tile } from "./tiles.ts";

/** The measurement model and the data of one tile. */
export interface TileProblem {
  readonly operator: Operator;
  readonly measurement: Float32Array;
}

/** What a solver has to solve for one tile of a plan. */
export function problemOf(plan: Plan, tile: Tile): TileProblem {
  const { task, range, channels, priorChannels, scale, mask, outliers } = plan;
  const [, height, width] = range;
  const { left, top, width: w, height: h } = tile;
  const part = { left: left / scale, top: top / scale, width: w / scale, height: h / scale };
  const cut = <T extends Float32Array | Uint8Array>(data: T): T =>
    plan.local ? cutTile(data, width, height, part) : (data.slice() as T);
  const measurement = cut(plan.y);
  const known = mask && cutMask(mask, tile);
  if (known) for (let i = 0; i < measurement.length; i++) if (!known[i % known.length]) measurement[i] = 0;
  const spec = operatorSpec(task, w, h, known);
  const { operator } = embed(spec, [1, channels, h, w], priorChannels);
  return { operator: outliers ? withoutOutliers(operator, measurement, cut(outliers)) : operator, measurement };
}
