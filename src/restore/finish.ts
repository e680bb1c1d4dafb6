import { fromModel, type Image } from "../pictures/index.ts";
import { resultAlpha } from "./alpha.ts";
import { colourToGrey } from "./grey.ts";
import { greyOf, type Plan } from "./plan.ts";

/**
 * The image that a solver's result stands for: in the channels of what came, with known samples as they came, the opacity of
 * the source and its metadata.
 * @param planes [-1, 1], [prior's channels, height, width]
 * @throws {TweedieError} numerical-failure: values that are not finite
 */
export function finish(plan: Plan, planes: Float32Array): Image {
  const { source, width, height, priorChannels, kept, mask, local, gain } = plan;
  const channels = plan.channels === 3 ? 3 : 1;
  const result = fromModel(channels === 1 && priorChannels === 3 ? colourToGrey(planes) : planes, {
    width,
    height,
    channels,
  });
  if (gain !== 1) for (let i = 0; i < result.data.length; i++) result.data[i] /= gain;
  if (kept && source) keepSamples(result, source, kept);
  if (!source) return result;
  const shown = source.channels === 3 && channels === 1 ? repeated(result) : result;
  const meta = { ...source.meta };
  if (shown.channels !== source.channels) delete meta.icc;
  const alpha = local ? resultAlpha(source, width, height, mask) : undefined;
  const { alpha: _, ...opaque } = shown;
  return alpha ? { ...opaque, alpha, meta } : { ...opaque, meta };
}

function keepSamples(result: Image, source: Image, kept: Uint8Array): void {
  const { data } = result.channels === source.channels ? source : greyOf(source);
  for (let i = 0; i < result.data.length; i++) if (kept[i]) result.data[i] = data[i];
}

function repeated(image: Image): Image {
  const data = new Float32Array(3 * image.data.length);
  for (let c = 0; c < 3; c++) data.set(image.data, c * image.data.length);
  return { ...image, channels: 3, data };
}
