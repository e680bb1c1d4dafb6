import { alignColumns } from "./columns.ts";
import type { BenchResults } from "./results.ts";
import type { Measure, SummaryRow } from "./summary.ts";

/** How a measure is called and written. */
export interface Column {
  readonly measure: Measure;
  readonly title: string;
  /** What the title means, in a sentence. */
  readonly about: string;
  readonly write: (value: number) => string;
  /** Which values are the better ones, where that can be said. */
  readonly better?: "higher" | "lower";
  /** Left out where it is zero everywhere. */
  readonly rare?: boolean;
}

const fixed = (digits: number) => (v: number) => (Number.isFinite(v) ? v.toFixed(digits) : "∞");

export const columns: readonly Column[] = [
  { measure: "psnr", title: "PSNR", about: "dB, of the picture clipped to [-1, 1]", write: fixed(2), better: "higher" },
  { measure: "ssim", title: "SSIM", about: "Gaussian window of 11 pixels", write: fixed(4), better: "higher" },
  {
    measure: "msSsim",
    title: "MS-SSIM",
    about: "five scales; sides from 161 pixels",
    write: fixed(4),
    better: "higher",
  },
  { measure: "lpips", title: "LPIPS", about: "perceptual distance", write: fixed(4), better: "lower" },
  {
    measure: "residualRatio",
    title: "r/σ√m",
    about: "‖y − A(x)‖ over what noise alone leaves: about 1",
    write: fixed(2),
  },
  { measure: "residualRms", title: "r/√m", about: "‖y − A(x)‖ over √m, on the [-1, 1] scale", write: fixed(4) },
  { measure: "forwards", title: "forwards", about: "network calls", write: fixed(0) },
  { measure: "vjps", title: "VJPs", about: "vector-Jacobian products through the network", write: fixed(0) },
  ...(
    [
      ["encodes", "encodes", "passes through the encoder"],
      ["encodeVjps", "enc. VJPs", "vector-Jacobian products through the encoder"],
      ["decodes", "decodes", "passes through the decoder"],
      ["decodeVjps", "dec. VJPs", "vector-Jacobian products through the decoder"],
    ] as const
  ).map(([measure, title, about]) => ({ measure, title, about, write: fixed(0), rare: true })),
  {
    measure: "seconds",
    title: "seconds",
    about: "for one picture, compilation left out",
    write: (v) => v.toFixed(v < 10 ? 2 : 1),
  },
  {
    measure: "cpuSeconds",
    title: "CPU",
    about: "processor seconds for one picture, all threads together",
    write: (v) => v.toFixed(v < 10 ? 2 : 1),
  },
  {
    measure: "networkShare",
    title: "network",
    about:
      "processor time of its network calls when measured alone, over that of the row (above 100 %: the machine was slower then)",
    write: (v) => `${(100 * v).toFixed(0)} %`,
  },
  {
    measure: "compileSeconds",
    title: "compile",
    about: "seconds to compile, once for all pictures of a size",
    write: fixed(1),
  },
  {
    measure: "peakMemory",
    title: "memory",
    about: "largest resident memory of the process, MB",
    write: (v) => (v / 1e6).toFixed(0),
  },
];

/** The columns for which there is anything to show; residuals by their ratio wherever there is noise. */
export function columnsOf(rows: readonly SummaryRow[]): readonly Column[] {
  const noisy = rows.some(({ means }) => means.residualRatio);
  return columns.filter(
    ({ measure, rare }) =>
      rows.some(({ means }) => (rare ? means[measure]?.mean : means[measure])) && !(measure === "residualRms" && noisy),
  );
}

/** The values that no other of the rows beats, as written. */
export function bestOf(rows: readonly SummaryRow[], { measure, better, write }: Column): string | undefined {
  const values = rows.flatMap(({ means }) => means[measure]?.mean ?? []);
  if (!better || values.length < 2) return undefined;
  return write(better === "higher" ? Math.max(...values) : Math.min(...values));
}

/** Rows that belong into one table: one prior, one set, one task. */
export function tables(rows: readonly SummaryRow[]): SummaryRow[][] {
  const found = new Map<string, SummaryRow[]>();
  for (const row of rows) {
    const name = [row.prior, row.set, row.task].join("\u0000");
    found.set(name, [...(found.get(name) ?? []), row]);
  }
  return [...found.values()];
}

/** The tables for a terminal. */
export function describeResults(results: BenchResults): string {
  const blocks = tables(results.summary).map((rows) => {
    const [{ prior, set, task }] = rows;
    const shown = columnsOf(rows);
    const lines = [
      ["solver", ...shown.map(({ title }) => title)],
      ...rows.map((row) => [
        row.solver,
        ...shown.map(({ measure, write }) => {
          const mean = row.means[measure]?.mean;
          return mean === undefined ? "–" : write(mean);
        }),
        row.reason ?? (row.failures.length > 0 ? `${row.failures.length} failed: ${row.failures[0]}` : ""),
      ]),
    ];
    const most = Math.max(...rows.map((r) => r.pictures));
    const pictures = `${most} ${most === 1 ? "picture" : "pictures"}`;
    return [`${task} (${set}, prior ${prior}, ${pictures})`, ...alignColumns(lines, shown.length)].join("\n");
  });
  if (results.missing > 0) blocks.push(`${results.missing} cells are still to be computed`);
  return blocks.join("\n\n");
}
