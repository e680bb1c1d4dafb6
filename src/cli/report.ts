import { alignColumns } from "../bench/columns.ts";
import type { Restoration, SampleStatistics, Seam } from "../restore/index.ts";
import { digits, duration } from "./progress.ts";
import type { KnownChanges } from "./work/written.ts";

/** Aligned "label  text" lines. */
export function formatSummary(title: string, lines: readonly (readonly [string, string])[]): string {
  return [title, ...alignColumns(lines).map((line) => `  ${line}`)].join("\n");
}

/** What a restoration did, for people. */
export function describeRestoration(r: Restoration, prior: string, changes?: KnownChanges): [string, string][] {
  const lines: [string, string][] = [
    ["task", describeTask(r)],
    ["noise", describeNoise(r)],
    ["solver", `${r.run.solver} (preset ${r.run.preset}, ${r.run.settings}), prior ${prior}`],
    ["work", describeWork(r)],
  ];
  for (const remark of r.remarks) lines.push(["note", remark]);
  const { roundTrip } = r.run;
  if (roundTrip)
    lines.push([
      "ceiling",
      `${roundTrip.psnr.toFixed(1)} dB: the first guess through the autoencoder and back, about the most a latent solver can restore`,
    ]);
  if (roundTrip) lines.push(["bias", describeBias(roundTrip.bias)]);
  if (r.run.residual === 0 && r.run.task.name === "inpaint")
    lines.push(["residual", changes ? describeChanges(changes) : "0: every known pixel is exactly as it was"]);
  else if (r.run.steps > 0)
    lines.push([
      "residual",
      `${digits(r.run.residual)} left of the data; noise alone would leave ${digits(r.run.expectedResidual)}`,
    ]);
  if (r.seam) lines.push(["seam", describeSeam(r.seam, r)]);
  return lines;
}

function describeChanges({ share, most }: KnownChanges): string {
  return (
    `the format of the result changes ${(100 * share).toFixed(0)} % of the known values, by up to ${digits(255 * most)}/255: ` +
    "write a .png to keep every known pixel as it was"
  );
}

/** A cast of less than half a level of 8 bits is none. */
function describeBias(bias: readonly number[]): string {
  const levels = bias.map((v) => `${v < 0 ? "" : "+"}${(255 * v).toFixed(1)}`).join(", ");
  const slight = bias.every((v) => Math.abs(v) < 0.5 / 255);
  return `${levels} of 255 ${slight ? "(too little to be seen)" : "that the autoencoder adds to each channel in the mean"}`;
}

function describeSeam({ ratio, jump, visible }: Seam, { keptKnown, run: { sampler } }: Restoration): string {
  const text = `the border of the hole jumps ${digits(ratio)} times as much as the filling beside it (${digits(255 * jump)}/255)`;
  if (!visible) return text;
  const instead = keptKnown ? "another solver or --preset best fits it in better" : "--preset best fits it in better";
  return `${text}. It may be seen: ${sampler ? `${instead}, and so may another --seed` : instead}`;
}

function describeTask({ run: { task }, missing, images }: Restoration): string {
  const { width, height } = images[0];
  switch (task.name) {
    case "inpaint": {
      const share = ((100 * (missing ?? 0)) / (width * height)).toPrecision(2);
      return missing === 0 ? "inpaint: no pixel is missing" : `inpaint ${missing} missing pixels (${share} %)`;
    }
    case "super-resolution":
      return `super-resolution x${task.scale} (${task.kernel})`;
    case "deblur": {
      const { kernel } = task;
      if (kernel.type === "gaussian") return `deblur, Gaussian of standard deviation ${kernel.std} pixels`;
      if (kernel.type === "motion") return `deblur, motion over ${kernel.length} pixels at ${kernel.angle}°`;
      if (kernel.type === "image") return `deblur, kernel of ${kernel.kernel.width}x${kernel.kernel.height} pixels`;
      return `deblur, ${describeOptions(kernel)}`;
    }
    case "operator":
      return describeOptions({ ...task.operator });
    default:
      return task.name;
  }
}

/** What several samples say together, and whether they may be taken for draws from the posterior. */
export function describeSamples(
  { run: { sampler, solver }, finished }: Restoration,
  s: SampleStatistics | undefined,
): string {
  const level = (v: number) => `${digits(v)} (${digits(255 * v)}/255)`;
  const spread = s
    ? `mean and standard deviation of ${s.samples} beside them; in the latter white is ${level(s.white)}, the average ${level(s.average)}`
    : `${finished} finished, too few for a mean and a standard deviation`;
  if (sampler) return spread;
  return `${spread}. ${solver} seeks one picture: these are no samples of the posterior, their spread is no uncertainty`;
}

/** "jpeg, quality 10, subsampling 4:2:0"; long values are left out. */
export function describeOptions(options: Readonly<Record<string, unknown>>): string {
  const { name, type, ...rest } = options;
  const parts = Object.entries(rest).map(([key, value]) => {
    const text = typeof value === "object" ? JSON.stringify(value) : String(value);
    return `${key} ${text.length > 24 ? "…" : text}`;
  });
  return [String(name ?? type), ...parts].join(", ");
}

function describeNoise({ noise, run: { task }, keptKnown }: Restoration): string {
  const level = `${digits(noise.sigma)} (${digits(noise.sigma * 255)}/255)`;
  if (noise.model?.kind === "poisson")
    return `Poisson of rate ${digits(noise.model.rate)}, taken for Gaussian noise of ${level}`;
  if (noise.model?.kind === "salt-pepper") return "salt and pepper: found, and filled in as missing";
  if (task.name === "operator" && noise.source !== "given") return "taken as none (--noise sets it)";
  if (noise.source === "given") return `${level}, as given`;
  if (noise.estimate === undefined) return "taken as none, for too little is known to estimate it (--noise sets it)";
  if (task.name !== "inpaint") return `${level}, estimated from the picture (--noise sets it)`;
  if (noise.sigma > 0)
    return `${level}, estimated; ${keptKnown ? "known pixels keep theirs" : "known pixels are denoised too (--keep-known keeps them)"}`;
  return `about ${digits(noise.estimate)} by estimate, too little to touch the known pixels (--noise sets it)`;
}

function describeWork({ images, run: { counts, steps, tiles, seconds, threads } }: Restoration): string {
  const parts = [plural(steps, "step"), plural(counts.forwards, "network forward"), plural(counts.vjps, "VJP")];
  const passes = counts.encodes + counts.decodes + counts.encodeVjps + counts.decodeVjps;
  if (passes > 0) parts.push(`${passes} passes through the autoencoder`);
  if (tiles > 1) parts.push(plural(tiles, "tile"));
  if (images.length > 1) parts.push(plural(images.length, "sample"));
  return `${parts.join(", ")} in ${duration(seconds)} on ${plural(threads, "thread")}`;
}

export function plural(n: number, word: string): string {
  return `${n} ${word}${n === 1 ? "" : "s"}`;
}
