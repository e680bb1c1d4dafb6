import { activations } from "./activations.ts";
import { arithmetic } from "./arithmetic.ts";
import { attention } from "./attention.ts";
import { comparisons } from "./comparisons.ts";
import { contrib } from "./contrib.ts";
import { control } from "./control.ts";
import { convolutions } from "./convolutions.ts";
import { deformable } from "./deform.ts";
import { elementwise } from "./elementwise.ts";
import { fills } from "./fills.ts";
import { indexing } from "./indexing.ts";
import { linearAttentions } from "./linear-attention.ts";
import { losses } from "./losses.ts";
import { matrices } from "./matrices.ts";
import type { Handler } from "./node.ts";
import { normalizations } from "./normalizations.ts";
import { pools } from "./pools.ts";
import { quantization } from "./quantization.ts";
import { recurrent } from "./recurrent.ts";
import { reductions } from "./reductions.ts";
import { resizing } from "./resizing.ts";
import { sampling } from "./sampling.ts";
import { sequences } from "./sequences.ts";
import { shapes } from "./shapes.ts";
import { signal } from "./signal.ts";

/** Every operator that can be imported, by `Type` or `domain:Type`. */
export const handlers: ReadonlyMap<string, Handler> = new Map(
  [
    activations,
    arithmetic,
    attention,
    comparisons,
    contrib,
    control,
    convolutions,
    deformable,
    elementwise,
    fills,
    indexing,
    linearAttentions,
    losses,
    matrices,
    normalizations,
    pools,
    quantization,
    recurrent,
    reductions,
    resizing,
    sampling,
    sequences,
    shapes,
    signal,
  ].flatMap((family) => Object.entries(family)),
);
