import type { Engine } from "../../engine/index.ts";
import { CellStore } from "../cell.ts";
import { describeNoise } from "../measurement.ts";
import type { Group, Plan } from "../plan.ts";
import type { BenchResults } from "../results.ts";
import type { Measure, SummaryRow } from "../summary.ts";
import { bestOf, type Column, columns, columnsOf, tables } from "../text.ts";
import { anchor, escapeHtml } from "./html.ts";
import { drawPlots, type Plot, scatterPlot } from "./plots.ts";
import { settingsSection } from "./settings.ts";
import { renderStrips } from "./strips.ts";
import { style } from "./style.ts";

export interface ReportRequest {
  readonly plan: Plan;
  readonly results: BenchResults;
  /** Where the cells are. */
  readonly folder: string;
  readonly engine: Engine;
}

/** One self-contained HTML page: tables, plots, pictures and settings; no scripts, nothing from the network. */
export async function renderReport({ plan, results, folder, engine }: ReportRequest): Promise<string> {
  const store = await CellStore.open(folder);
  const sections: string[] = [];
  const samplers = new Set(results.solvers.filter(({ sampler }) => sampler).map(({ label }) => label));
  const labels = results.solvers.map(({ label }) => label);
  const each = tables(results.summary);
  for (const rows of each) {
    const [{ prior, set, task }] = rows;
    const groups = plan.groups.filter((g) => g.prior.name === prior && g.set === set && g.task.name === task);
    sections.push(
      `<h2 id="${anchor(task, set, prior)}">${escapeHtml(task)}</h2>`,
      `<p class="faint">${escapeHtml(aboutTable(rows, groups))}</p>`,
      detailTable(rows, samplers),
      await drawPlots(plots(rows, labels)),
      await strips(groups, plan.spec.strips, results, { store, engine, seed: plan.spec.seed }),
    );
  }
  const contents = each.map(([{ prior, set, task }]) => {
    const more = results.priors.length * results.images.length > 1 ? ` (${set}, ${prior})` : "";
    return `<a href="#${anchor(task, set, prior)}">${escapeHtml(task + more)}</a>`;
  });
  return page(results.name, [
    header(results),
    `<nav>${contents.join(" ")} <a href="#settings">Settings</a></nav>`,
    overview(results.summary, samplers),
    ...sections,
    settingsSection(results),
  ]);
}

function page(title: string, body: readonly string[]): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${style}</style>
</head>
<body>
${body.join("\n")}
</body>
</html>
`;
}

function header({ name, description, finished, missing, cells, machine, versions, lpips }: BenchResults): string {
  const facts = [
    `${cells.length} results`,
    ...(missing > 0 ? [`${missing} still to be computed`] : []),
    finished.slice(0, 16).replace("T", " "),
    `${machine.cpu}, ${machine.threads} threads`,
    `tweedie ${versions.tweedie}, ONNX Runtime ${versions.onnxruntime}`,
    ...(lpips ? [`LPIPS with ${lpips.net === "alex" ? "AlexNet" : "VGG16"}`] : []),
  ];
  return [
    `<h1>${escapeHtml(name)}</h1>`,
    description ? `<p>${escapeHtml(description)}</p>` : "",
    `<p class="faint">${escapeHtml(facts.join(" · "))}</p>`,
  ].join("\n");
}

/** Solvers down, tasks across: one table of the quality measures for each prior and set. */
function overview(summary: readonly SummaryRow[], samplers: ReadonlySet<string>): string {
  const blocks: string[] = [];
  const places = [...new Set(summary.map(({ prior, set }) => `${prior}\u0000${set}`))];
  for (const place of places) {
    const own = summary.filter(({ prior, set }) => `${prior}\u0000${set}` === place);
    const [prior, set] = place.split("\u0000");
    const tasks = [...new Set(own.map(({ task }) => task))];
    const solvers = [...new Set(own.map(({ solver }) => solver))];
    for (const measure of overviewMeasures(own)) {
      const column = columns.find((c) => c.measure === measure) as Column;
      const best = new Map(
        tasks.map((t) => [
          t,
          bestOf(
            own.filter(({ task }) => task === t),
            column,
          ),
        ]),
      );
      const lines = solvers.map((solver) => {
        const values = tasks.map((task) => {
          const row = own.find((r) => r.solver === solver && r.task === task);
          return valueCell(row, column, best.get(task));
        });
        return `<tr><td>${solverName(solver, samplers)}</td>${values.join("")}</tr>`;
      });
      blocks.push(
        `<h3>${column.title}: ${escapeHtml(`${set}, prior ${prior}`)}</h3>`,
        `<div class="scroll"><table><tr><th>solver</th>${tasks
          .map((task) => `<th><a href="#${anchor(task, set, prior)}">${escapeHtml(task)}</a></th>`)
          .join("")}</tr>${lines.join("")}</table></div>`,
      );
    }
  }
  const note = samplers.size > 0 ? `<p class="faint">${samplerNote}</p>` : "";
  return `<h2>Overview</h2>\n<p class="faint">Means over the pictures; the best of each task is marked.</p>${note}\n${blocks.join("\n")}`;
}

const samplerNote =
  "† draws samples of the posterior. A sample is not meant to be close to the truth in the mean: where the data leave " +
  "much open its PSNR lies up to 3 dB below that of the posterior mean.";

function overviewMeasures(rows: readonly SummaryRow[]): readonly Measure[] {
  const second = rows.some(({ means }) => means.lpips) ? "lpips" : "ssim";
  return ["psnr", second];
}

function solverName(label: string, samplers: ReadonlySet<string>): string {
  return `${escapeHtml(label)}${samplers.has(label) ? " †" : ""}`;
}

function valueCell(row: SummaryRow | undefined, { measure, write }: Column, best: string | undefined): string {
  const value = row?.means[measure];
  if (!value) {
    const why = row?.reason ?? row?.failures[0];
    return `<td${why ? ` title="${escapeHtml(why)}"` : ""}>${row?.failures.length ? "failed" : "–"}</td>`;
  }
  const text = write(value.mean);
  return `<td${text === best ? ' class="best"' : ""}>${text}</td>`;
}

function aboutTable(rows: readonly SummaryRow[], groups: readonly Group[]): string {
  const [{ prior, set }] = rows;
  const sizes = [...new Set(groups.flatMap((g) => g.pictures.map((p) => `${p.width}×${p.height}`)))];
  const size = sizes.length > 3 ? `${sizes.length} sizes` : sizes.join(", ");
  const n = groups.reduce((sum, g) => sum + g.pictures.length, 0);
  return `${set}: ${n} ${n === 1 ? "picture" : "pictures"} of ${size} · prior ${prior} · operator ${groups[0].operator.name}, noise ${describeNoise(groups[0].task.noise)}`;
}

function detailTable(rows: readonly SummaryRow[], samplers: ReadonlySet<string>): string {
  const shown = columnsOf(rows);
  const noted = rows.some(({ reason, failures }) => reason || failures.length > 0);
  const lines = rows.map((row) => {
    const values = shown.map((column) => {
      const value = row.means[column.measure];
      if (!value) return "<td>–</td>";
      const text = column.write(value.mean);
      const best = bestOf(rows, column) === text ? ' class="best"' : "";
      // Errors of the quality measures alone: those of the costs say little.
      const error = value.error && column.better ? ` <small>±${column.write(value.error)}</small>` : "";
      return `<td${best}>${text}${error}</td>`;
    });
    const failed = row.failures.length > 0 ? `${row.failures.length} failed: ${row.failures[0]}` : "";
    const note = noted ? `<td class="note">${escapeHtml(row.reason ?? failed)}</td>` : "";
    return `<tr><td>${solverName(row.solver, samplers)}</td>${values.join("")}${note}</tr>`;
  });
  const heads = shown.map(({ title, about }) => `<th title="${escapeHtml(about)}">${escapeHtml(title)}</th>`);
  return `<div class="scroll"><table><tr><th>solver</th>${heads.join("")}${noted ? "<th></th>" : ""}</tr>${lines.join("")}</table></div>`;
}

function plots(rows: readonly SummaryRow[], labels: readonly string[]): (Plot | undefined)[] {
  const second: Measure = rows.some(({ means }) => means.lpips) ? "lpips" : "ssim";
  const axes: [Measure, Measure][] = [
    ["psnr", "seconds"],
    [second, "seconds"],
    ["psnr", "forwards"],
  ];
  return axes.map(([measure, price]) => {
    const { title, better } = columns.find((c) => c.measure === measure) as Column;
    const points = rows.flatMap(({ solver, means }) => {
      const [quality, cost] = [means[measure], means[price]];
      return quality && cost ? [{ label: solver, x: cost.mean, y: quality.mean }] : [];
    });
    const [against, x] =
      price === "seconds" ? ["time", "seconds for one picture"] : ["network evaluations", "network forwards"];
    return scatterPlot(points, {
      title: `${title} against ${against}`,
      x,
      y: measure === "psnr" ? "PSNR, dB" : title,
      labels,
      lowerIsBetter: better === "lower",
    });
  });
}

async function strips(
  groups: readonly Group[],
  wanted: number,
  { cells }: BenchResults,
  access: { store: CellStore; engine: Engine; seed: number },
): Promise<string> {
  const parts: string[] = [];
  let left = wanted;
  for (const group of groups) {
    const keys = new Set(group.rows.flatMap((row) => row.cells.map(({ key }) => key)));
    if (!cells.some(({ key }) => keys.has(key))) continue; // nothing to see yet
    const chosen = group.pictures.slice(0, left);
    left -= chosen.length;
    if (chosen.length > 0) parts.push(await renderStrips(group, chosen, cells, access));
  }
  return parts.join("\n");
}
