import { anchor, escapeHtml } from "../report/html.ts";
import { paletteSize } from "../report/plot.ts";
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

const percent = (v: number) => `${(100 * v).toFixed(1)}`;
const within = (covered: number, error: number | undefined) =>
  error === undefined ? percent(covered) : `${percent(covered)} ±${percent(error)}`;

/** The tables for a terminal. */
export function calibrationTable(rows: readonly CalibrationRow[]): string {
  return tasks(rows)
    .map((own) => {
      const [{ task, set, prior }] = own;
      const lines = [
        ["solver", ...levels.map((level) => `${100 * level} %`), "spread/error", "pictures"],
        ...own.map(({ solver, calibration: c, reason }) =>
          c
            ? [
                solver,
                ...c.levels.map((l) => within(l.covered, l.standardError)),
                c.spreadSkill.toFixed(2),
                String(c.pictures),
              ]
            : [solver, reason ?? ""],
        ),
      ];
      const widths = lines[0].map((_, i) =>
        Math.max(
          ...lines.filter((line) => line.length > 2).map((line) => line[i]?.length ?? 0),
          i === 0 ? longest(own) : 0,
        ),
      );
      const text = lines.map((line) =>
        line.length === 2
          ? `${line[0].padEnd(widths[0])}  ${line[1]}`
          : line.map((v, i) => (i === 0 ? v.padEnd(widths[0]) : v.padStart(widths[i]))).join("  "),
      );
      return [`${task} (${set}, prior ${prior}): share of the pixels inside, per cent`, ...text].join("\n");
    })
    .join("\n\n");
}

const longest = (rows: readonly CalibrationRow[]) => Math.max(...rows.map(({ solver }) => solver.length));

/** One self-contained HTML page: a table and a plot for each task. */
export function renderCalibration(name: string, rows: readonly CalibrationRow[], samples: number): string {
  const labels = [...new Set(rows.map(({ solver }) => solver))];
  const sections = tasks(rows).map((own) => {
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
    const heads = [...levels.map((level) => `${100 * level} %`), "spread/error", "pictures"];
    return [
      `<h2 id="${anchor(task, set, prior)}">${escapeHtml(task)}</h2>`,
      `<p class="faint">${escapeHtml(`${set}, prior ${prior}`)}</p>`,
      `<div class="scroll"><table><tr><th>solver</th>${heads.map((h) => `<th>${h}</th>`).join("")}</tr>${lines.join("")}</table></div>`,
      `<div class="plots">${reliabilityPlot(own, labels)}</div>`,
    ].join("\n");
  });
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(name)}: calibration</title>
<style>${style}
svg .line { fill: none; stroke: currentColor; stroke-width: 1.6; } svg .ideal { stroke: var(--faint); stroke-dasharray: 4 4; }</style>
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

const [side, room] = [300, 44];

/** Nominal against measured coverage: the diagonal is right, below it lies overconfidence. */
function reliabilityPlot(rows: readonly CalibrationRow[], labels: readonly string[]): string {
  const shown = rows.filter(({ calibration }) => calibration && calibration.pictures > 0);
  if (shown.length === 0) return "";
  const at = (v: number) => room + v * (side - room - 12);
  const [x, y] = [(v: number) => at(v).toFixed(1), (v: number) => (side - at(v)).toFixed(1)];
  const ticks = [0, 0.25, 0.5, 0.75, 1].map(
    (t) =>
      `<path class="grid" d="M${x(t)} ${y(0)}V${y(1)}M${x(0)} ${y(t)}H${x(1)}"/>` +
      `<text class="tick" x="${x(t)}" y="${side - room + 16}" text-anchor="middle">${100 * t}</text>` +
      `<text class="tick" x="${room - 6}" y="${Number(y(t)) + 4}" text-anchor="end">${100 * t}</text>`,
  );
  const lines = shown.map(({ solver, calibration: c }) => {
    const points = (c?.levels ?? []).map(({ level, covered }) => ({ level, covered }));
    const path = [{ level: 0, covered: 0 }, ...points].map((p, i) => `${i ? "L" : "M"}${x(p.level)} ${y(p.covered)}`);
    const dots = points.map((p) => `<circle cx="${x(p.level)}" cy="${y(p.covered)}" r="3"/>`);
    const colour = labels.indexOf(solver) % paletteSize;
    return `<g class="c${colour}"><title>${escapeHtml(solver)}</title><path class="line" d="${path.join("")}"/>${dots.join("")}</g>`;
  });
  const legend = shown.map(({ solver }, i) => {
    const colour = labels.indexOf(solver) % paletteSize;
    const top = 24 + 17 * i;
    return `<g class="c${colour}"><circle cx="${side + 12}" cy="${top - 4}" r="4"/><text x="${side + 22}" y="${top}">${escapeHtml(solver)}</text></g>`;
  });
  const height = Math.max(side, 24 + 17 * shown.length);
  return (
    `<svg class="plot" viewBox="0 0 ${side + 170} ${height}" role="img" aria-label="coverage">` +
    ticks.join("") +
    `<path class="ideal" d="M${x(0)} ${y(0)}L${x(1)} ${y(1)}"/>` +
    lines.join("") +
    legend.join("") +
    `<text class="tick" x="${(room + side) / 2}" y="${side - 8}" text-anchor="middle">interval, per cent</text>` +
    `<text class="tick" transform="translate(13 ${side / 2}) rotate(-90)" text-anchor="middle">truths inside, per cent</text></svg>`
  );
}
