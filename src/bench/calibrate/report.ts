import { alignColumns } from "../columns.ts";
import { anchor, escapeHtml } from "../report/html.ts";
import { drawPlots, type Plot, reliabilityPlot } from "../report/plots.ts";
import { style } from "../report/style.ts";
import { levels } from "./coverage.ts";
import type { CalibrationRow } from "./run.ts";

/** Rows of one task, in the order of the plan. */
function tasks(rows: readonly CalibrationRow[]): CalibrationRow[][] {
  const found = new Map<string, CalibrationRow[]>();
  for (const row of rows) {
    const key = JSON.stringify([row.prior, row.set, row.task]);
    found.set(key, [...(found.get(key) ?? []), row]);
  }
  return [...found.values()];
}

const heads = [...levels.map((level) => `${100 * level} %`), "spread/error", "pictures"];
const percent = (v: number) => `${(100 * v).toFixed(1)}`;
const within = (covered: number, error: number | undefined) =>
  error === undefined ? percent(covered) : `${percent(covered)} ±${percent(error)}`;

/** The tables for a terminal. */
export function calibrationTable(rows: readonly CalibrationRow[]): string {
  return tasks(rows)
    .map((own) => {
      const [{ task, set, prior }] = own;
      const lines = own.map(({ solver, calibration: c, reason }) => [
        solver,
        ...(c
          ? [...c.levels.map((l) => within(l.covered, l.standardError)), c.spreadSkill.toFixed(2), String(c.pictures)]
          : heads.map(() => "–")),
        reason ?? "",
      ]);
      return [
        `${task} (${set}, prior ${prior}): share of the pixels inside, per cent`,
        ...alignColumns([["solver", ...heads], ...lines], heads.length),
      ].join("\n");
    })
    .join("\n\n");
}

/** One self-contained HTML page: a table and a plot for each task. */
export async function renderCalibration(
  name: string,
  rows: readonly CalibrationRow[],
  samples: number,
): Promise<string> {
  const labels = [...new Set(rows.map(({ solver }) => solver))];
  const parts = tasks(rows).map(async (own) => {
    const [{ task, set, prior }] = own;
    const lines = own.map(({ solver, calibration: c, reason }) =>
      c
        ? `<tr><td>${escapeHtml(solver)}</td>${c.levels
            .map(
              (l) =>
                `<td>${percent(l.covered)}${l.standardError === undefined ? "" : ` <small>±${percent(l.standardError)}</small>`}</td>`,
            )
            .join("")}<td>${c.spreadSkill.toFixed(2)}</td><td>${c.pictures}</td></tr>`
        : `<tr><td>${escapeHtml(solver)}</td><td class="note" colspan="${levels.length + 2}">${escapeHtml(reason ?? "")}</td></tr>`,
    );
    return [
      `<h2 id="${anchor(task, set, prior)}">${escapeHtml(task)}</h2>`,
      `<p class="faint">${escapeHtml(`${set}, prior ${prior}`)}</p>`,
      `<div class="scroll"><table><tr><th>solver</th>${heads.map((h) => `<th>${h}</th>`).join("")}</tr>${lines.join("")}</table></div>`,
      await drawPlots([coverage(own, labels)]),
    ].join("\n");
  });
  const sections = await Promise.all(parts);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(name)}: calibration</title>
<style>${style}</style>
</head>
<body>
<h1>${escapeHtml(name)}: calibration</h1>
<p>How many pixels of the truth lie inside the central credible intervals of ${samples} samples. An honest sampler
covers 50 % with its interval of 50 %; a lower figure means that it is too sure of itself. Spread/error compares the
samples' standard deviation with the error of their mean: 1 is right, below 1 too narrow.</p>
${sections.join("\n")}
</body>
</html>
`;
}

/** The levels that each solver covers. */
function coverage(rows: readonly CalibrationRow[], labels: readonly string[]): Plot | undefined {
  const lines = rows.flatMap(({ solver, calibration: c }) =>
    c && c.pictures > 0 ? [{ label: solver, points: c.levels }] : [],
  );
  return reliabilityPlot(lines, labels);
}
