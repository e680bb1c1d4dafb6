import type { Spec as VegaSpec } from "vega";
import type { Config, TopLevelSpec } from "vega-lite";
import { escapeHtml } from "./html.ts";

/** One plot of a report. */
export interface Plot {
  readonly title: string;
  readonly spec: TopLevelSpec;
}

export interface ScatterPoint {
  readonly label: string;
  readonly x: number;
  readonly y: number;
}

export interface ScatterOptions {
  readonly title: string;
  readonly x: string;
  readonly y: string;
  /** Every label of the report: a label has the same colour in all plots. */
  readonly labels: readonly string[];
  /** Is a smaller y the better one? The axis is turned round then: better is always up. */
  readonly lowerIsBetter?: boolean;
}

/** The colours are the style sheet's, so that plots can be read on light and on dark ground. */
const paletteSize = 10;
const colours = (shown: readonly { readonly label: string }[], labels: readonly string[]) => ({
  domain: shown.map(({ label }) => label),
  range: shown.map(({ label }) => `var(--c${labels.indexOf(label) % paletteSize})`),
});

const config: Config = {
  background: "transparent",
  font: "system-ui, sans-serif",
  view: { stroke: "var(--faint)" },
  axis: {
    gridColor: "var(--line)",
    domain: false,
    tickColor: "var(--line)",
    labelColor: "var(--faint)",
    titleColor: "var(--faint)",
    titleFontWeight: "normal",
  },
  legend: { labelColor: "var(--ink)", title: null },
  title: { color: "var(--ink)", anchor: "start" },
};

/** Cost on a logarithmic axis to the right, quality upwards, each point named; undefined where there is none to show. */
export function scatterPlot(points: readonly ScatterPoint[], options: ScatterOptions): Plot | undefined {
  const { title, x, y, labels, lowerIsBetter = false } = options;
  const values = points
    .filter((p) => p.x > 0 && Number.isFinite(p.x) && Number.isFinite(p.y))
    .map((p) => ({ ...p, about: `${p.label}: ${x} ${round(p.x)}, ${y} ${round(p.y)}` }));
  if (values.length === 0) return undefined;
  const [costs, qualities] = [values.map((p) => p.x), values.map((p) => p.y)];
  const [least, most] = [Math.min(...qualities), Math.max(...qualities)];
  // Values that are all but equal must not fill the axis.
  const margin = Math.max((most - least) * 0.12, Math.abs(most) * 0.002, 1e-6);
  const format = ".4~r";
  const spec: TopLevelSpec = {
    width: 380,
    height: 220,
    title,
    data: { values },
    encoding: {
      x: {
        field: "x",
        type: "quantitative",
        title: x,
        scale: { type: "log", nice: false, domain: [Math.min(...costs) / 1.35, Math.max(...costs) * 1.35] },
        axis: { labelOverlap: true, format },
      },
      y: {
        field: "y",
        type: "quantitative",
        title: lowerIsBetter ? `${y} (lower is better)` : y,
        scale: { nice: false, domain: [least - margin, most + margin], reverse: lowerIsBetter },
        axis: { format },
      },
      color: { field: "label", type: "nominal", scale: colours(values, labels), legend: null },
      description: { field: "about" },
    },
    layer: [
      { mark: { type: "circle", size: 50, opacity: 1 } },
      { name: "names", mark: { type: "text" }, encoding: { text: { field: "label" } } },
    ],
    config,
  };
  return { title, spec };
}

export interface ReliabilityLine {
  readonly label: string;
  readonly points: readonly { readonly level: number; readonly covered: number }[];
}

/** Nominal against measured coverage: the diagonal is right, below it lies overconfidence. */
export function reliabilityPlot(lines: readonly ReliabilityLine[], labels: readonly string[]): Plot | undefined {
  if (lines.length === 0) return undefined;
  const values = lines.flatMap(({ label, points }) =>
    [{ level: 0, covered: 0 }, ...points].map((p) => ({ label, level: 100 * p.level, covered: 100 * p.covered })),
  );
  const axis = (field: "level" | "covered", title: string) => ({
    field,
    type: "quantitative" as const,
    title,
    scale: { domain: [0, 100] },
    axis: { tickCount: 5 },
  });
  const spec: TopLevelSpec = {
    width: 240,
    height: 240,
    encoding: { x: axis("level", "interval, per cent"), y: axis("covered", "truths inside, per cent") },
    layer: [
      {
        data: { values: [0, 100].map((v) => ({ level: v, covered: v })) },
        mark: { type: "line", color: "var(--faint)", strokeDash: [4, 4], strokeWidth: 1 },
      },
      {
        data: { values },
        mark: { type: "line", point: { size: 28 }, strokeWidth: 1.6 },
        encoding: {
          color: {
            field: "label",
            type: "nominal",
            scale: colours(lines, labels),
          },
        },
      },
    ],
    config,
  };
  return { title: "coverage", spec };
}

/** The drawing library: vega-lite and vega, which those install who want plots. */
const importVega = () => Promise.all([import("vega-lite"), import("vega")]);

/**
 * The plots as inline SVG, the same bytes for the same data; without vega and vega-lite, a line that says how to get them.
 * @param load imports vega-lite and vega
 */
export async function drawPlots(plots: readonly (Plot | undefined)[], load = importVega): Promise<string> {
  const loaded = await load().catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ERR_MODULE_NOT_FOUND") return undefined;
    throw error;
  });
  if (!loaded) return '<p class="faint">No plots: they need two more packages (npm install vega vega-lite).</p>';
  const [vegaLite, vega] = loaded;
  const drawn: string[] = [];
  for (const { title, spec } of plots.filter((plot) => plot !== undefined)) {
    const compiled = placeNames(vegaLite.compile(spec).spec);
    const svg = await new vega.View(vega.parse(compiled), { renderer: "none" }).toSVG();
    const head = `<svg class="plot" role="img" aria-label="${escapeHtml(title)}" viewBox="$1">`;
    const titled = svg.replace(/<path aria-label="([^"]*)"([^>]*)\/>/g, "<path$2><title>$1</title></path>"); // for the mouse
    drawn.push(titled.replace(/^<svg [^>]*viewBox="([^"]*)"[^>]*>/, head));
  }
  return `<div class="plots">${drawn.join("")}</div>`;
}

const anchors = ["right", "left", "top", "bottom", "top-right", "top-left", "bottom-right", "bottom-left"];
const distances = [6, 14, 26];

/** Vega-Lite has no word for Vega's label placement: each name goes where it hides nothing, farther out where it must. */
function placeNames(spec: VegaSpec): VegaSpec {
  const transform = {
    type: "label",
    size: [{ signal: "width" }, { signal: "height" }],
    anchor: distances.flatMap(() => anchors),
    offset: distances.flatMap((distance) => anchors.map(() => distance)),
    avoidBaseMark: true,
  };
  const marks = spec.marks?.map((mark) => (mark.name === "names_marks" ? { ...mark, transform: [transform] } : mark));
  return { ...spec, marks } as VegaSpec;
}

const round = (value: number) => String(Number(value.toPrecision(4)));
