import { problems } from "./predictions.ts";
import { families, noiseLevels } from "./problems.ts";
import type { ExactResults, ExactRow } from "./run.ts";

/** The results as Markdown: a summary, two views of the distance to the posterior, predictions beside measurements. */
export function exactMarkdown(results: ExactResults): string {
  const { rows, predictions } = results;
  const parts = [
    "Medians over the problems; lengths in units of the posterior's spread. `exact` is a second set of exact samples.",
    summaryTable(rows),
    "Sliced Wasserstein distance by prior:",
    distanceTable(
      rows,
      families.filter((f) => rows.some((r) => r.family === f)).map((f) => [f, (r) => r.family === f]),
    ),
  ];
  const conditions = (["well", "ill"] as const).flatMap((measured) =>
    noiseLevels.map((sigmaY): Column => {
      return [`${measured} ${sigmaY}`, (r) => r.measured === measured && r.sigmaY === sigmaY];
    }),
  );
  const present = conditions.filter(([, holds]) => rows.some(holds));
  if (present.length > 1)
    parts.push("Sliced Wasserstein distance by measurement and σ_y:", distanceTable(rows, present));
  if (predictions.length > 0) parts.push("Predicted and measured, on Gaussians:", predictionTable(results));
  return `${parts.join("\n\n")}\n`;
}

type Column = readonly [title: string, holds: (row: ExactRow) => boolean];

const labelsOf = (rows: readonly ExactRow[]) => [...new Set(rows.map((r) => r.label))];

function summaryTable(rows: readonly ExactRow[]): string {
  const header = ["solver", "mean", "covariance", "sliced W", "MAP", "90% interval", "forwards", "VJPs", "problems"];
  const body = labelsOf(rows).map((label) => {
    const own = rows.filter((r) => r.label === label);
    const done = own.filter((r) => r.status === "done");
    const figure = (of: (r: ExactRow) => number) => show(median(done.map(of)));
    const lost = own.length - done.length;
    return [
      label,
      figure((r) => r.meanError),
      figure((r) => r.covarianceError),
      figure((r) => r.slicedWasserstein),
      figure((r) => r.mapError),
      `${Math.round(100 * median(done.map((r) => r.coverage)))}%`,
      String(median(done.map((r) => r.forwards))),
      String(median(done.map((r) => r.vjps))),
      lost === 0 ? String(own.length) : `${own.length}, ${lost} diverged`,
    ];
  });
  return table(header, body);
}

function distanceTable(rows: readonly ExactRow[], columns: readonly Column[]): string {
  const body = labelsOf(rows).map((label) => [
    label,
    ...columns.map(([, holds]) => {
      const own = rows.filter((r) => r.label === label && holds(r));
      if (own.length === 0) return "";
      const done = own.filter((r) => r.status === "done").map((r) => r.slicedWasserstein);
      // a median over runs of which some diverged counts those as infinitely far
      const value = median([...done, ...new Array<number>(own.length - done.length).fill(Infinity)]);
      return Number.isFinite(value) ? show(value) : "diverged";
    }),
  ]);
  return table(["solver", ...columns.map(([title]) => title)], body);
}

function predictionTable({ predictions }: ExactResults): string {
  const pair = (v: readonly number[]) => v.map((x) => digits(x)).join(", ");
  const body = predictions.map((p) => [
    `${p.solver}${p.note ? ` (${p.note})` : ""}`,
    p.problem,
    pair(p.exactMean),
    pair(p.mean),
    pair(p.measuredMean),
    pair(p.exactVariance),
    pair(p.variance),
    pair(p.measuredVariance),
    p.agrees ? "yes" : "NO",
    p.because,
  ]);
  const header = [
    "solver",
    "problem",
    "mean",
    "predicted",
    "measured",
    "variance",
    "predicted",
    "measured",
    "agrees",
    "why",
  ];
  const legend = [...new Set(predictions.map((p) => p.problem))].map((name) => `${name}: ${problems[name].what}.`);
  return `${table(header, body)}\n\n${legend.join(" ")}`;
}

/** All rows as comma-separated values. */
export function exactCsv({ rows }: ExactResults): string {
  const names = [
    "problem",
    "family",
    "measured",
    "sigmaY",
    "dimension",
    "label",
    "chains",
    "meanError",
    "covarianceError",
    "slicedWasserstein",
    "mapError",
    "coverage",
    "forwards",
    "vjps",
    "seconds",
    "status",
  ] as const;
  const cell = (value: string | number) =>
    typeof value === "number" ? (Number.isNaN(value) ? "" : String(value)) : /[",]/.test(value) ? `"${value}"` : value;
  return `${[names.join(","), ...rows.map((row) => names.map((name) => cell(row[name])).join(","))].join("\n")}\n`;
}

function table(header: readonly string[], body: readonly (readonly string[])[]): string {
  const widths = header.map((title, i) => Math.max(title.length, ...body.map((row) => row[i].length)));
  const line = (cells: readonly string[]) => `| ${cells.map((c, i) => c.padEnd(widths[i])).join(" | ")} |`;
  return [line(header), `| ${widths.map((w) => "-".repeat(w)).join(" | ")} |`, ...body.map(line)].join("\n");
}

function median(values: readonly number[]): number {
  if (values.length === 0) return Number.NaN;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

const show = (value: number) => (Number.isNaN(value) ? "–" : value >= 10 ? value.toFixed(0) : value.toFixed(2));
const digits = (value: number) => (Math.abs(value) < 5e-5 ? "0" : value.toPrecision(Math.abs(value) < 0.1 ? 3 : 4));
