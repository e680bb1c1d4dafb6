import { escapeHtml } from "./html.ts";

export interface PlotPoint {
  readonly label: string;
  readonly x: number;
  readonly y: number;
  /** Which of the palette's colours. */
  readonly colour: number;
}

export interface PlotOptions {
  readonly title: string;
  readonly x: string;
  readonly y: string;
  /** Is a smaller y the better one? The axis is turned round then: better is always up. */
  readonly lowerIsBetter?: boolean;
}

const [width, height] = [460, 300];
const room = { left: 52, right: 14, top: 30, bottom: 42 };
/** About the width of one letter of the labels, in pixels. */
const letter = 6.1;
export const paletteSize = 10;

/**
 * A scatter plot as inline SVG: cost on a logarithmic axis to the right, quality upwards, each point named. Colours are
 * left to the style sheet (classes c0, c1, …), so that it can be read on light and on dark ground.
 */
export function scatterPlot(points: readonly PlotPoint[], { title, x, y, lowerIsBetter }: PlotOptions): string {
  const shown = points.filter((p) => p.x > 0 && Number.isFinite(p.x) && Number.isFinite(p.y));
  if (shown.length === 0) return "";
  const xs = logScale(shown.map((p) => p.x));
  const ys = linearScale(
    shown.map((p) => p.y),
    lowerIsBetter === true,
  );
  const placed = placeLabels(shown.map((p) => ({ label: p.label, x: xs.at(p.x), y: ys.at(p.y) })));
  const marks = shown.map((p, i) => {
    const [cx, cy] = [xs.at(p.x).toFixed(1), ys.at(p.y).toFixed(1)];
    const { tx, ty, anchor } = placed[i];
    return (
      `<g class="c${p.colour % paletteSize}"><title>${escapeHtml(`${p.label}: ${x} ${round(p.x)}, ${y} ${round(p.y)}`)}</title>` +
      `<circle cx="${cx}" cy="${cy}" r="4"/>` +
      `<text x="${tx.toFixed(1)}" y="${ty.toFixed(1)}" text-anchor="${anchor}">${escapeHtml(p.label)}</text></g>`
    );
  });
  const bottom = height - room.bottom;
  const gridX = xs.ticks.map(
    (t) =>
      `<path class="grid" d="M${xs.at(t).toFixed(1)} ${room.top}V${bottom}"/>` +
      `<text class="tick" x="${xs.at(t).toFixed(1)}" y="${bottom + 15}" text-anchor="middle">${round(t)}</text>`,
  );
  const gridY = ys.ticks.map(
    (t) =>
      `<path class="grid" d="M${room.left} ${ys.at(t).toFixed(1)}H${width - room.right}"/>` +
      `<text class="tick" x="${room.left - 6}" y="${(ys.at(t) + 3.5).toFixed(1)}" text-anchor="end">${round(t)}</text>`,
  );
  const better = lowerIsBetter ? " (axis turned round: up is better)" : "";
  return (
    `<svg class="plot" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeHtml(title)}">` +
    `<text class="title" x="${room.left}" y="17">${escapeHtml(title)}</text>` +
    gridX.join("") +
    gridY.join("") +
    `<path class="axis" d="M${room.left} ${room.top}V${bottom}H${width - room.right}"/>` +
    `<text class="tick" x="${(room.left + width - room.right) / 2}" y="${height - 8}" text-anchor="middle">${escapeHtml(x)}</text>` +
    `<text class="tick" transform="translate(13 ${(room.top + bottom) / 2}) rotate(-90)" text-anchor="middle">${escapeHtml(y + better)}</text>` +
    marks.join("") +
    "</svg>"
  );
}

interface Scale {
  at(value: number): number;
  readonly ticks: readonly number[];
}

/** Ticks at 1, 2 and 5 times the powers of ten. */
function logScale(values: readonly number[]): Scale {
  const [low, high] = [Math.min(...values) / 1.35, Math.max(...values) * 1.35];
  const ticks: number[] = [];
  for (let decade = Math.floor(Math.log10(low)); decade <= Math.ceil(Math.log10(high)); decade++)
    for (const digit of [1, 2, 5]) {
      const tick = digit * 10 ** decade;
      if (tick >= low && tick <= high) ticks.push(tick);
    }
  const inner = width - room.left - room.right;
  const [a, b] = [Math.log(low), Math.log(high)];
  const few = ticks.length > 9 ? ticks.filter((t) => /^1/.test(t.toExponential())) : ticks;
  return { at: (v) => room.left + (inner * (Math.log(v) - a)) / (b - a), ticks: few };
}

function linearScale(values: readonly number[], turned: boolean): Scale {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const margin = Math.max((most - least) * 0.12, Math.abs(most) * 0.002, 1e-6);
  const [low, high] = [least - margin, most + margin];
  const step = niceStep((high - low) / 5);
  const ticks: number[] = [];
  for (let k = Math.ceil(low / step); k * step <= high; k++) ticks.push(Number((k * step).toPrecision(12)));
  const inner = height - room.top - room.bottom;
  const share = (v: number) => (v - low) / (high - low);
  return { at: (v) => room.top + inner * (turned ? share(v) : 1 - share(v)), ticks };
}

function niceStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  return power * ([1, 2, 5].find((digit) => digit * power >= rough) ?? 10);
}

interface Placed {
  readonly tx: number;
  readonly ty: number;
  readonly anchor: "start" | "middle" | "end";
}

interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Each label where it hides least: beside, above or below its point, or farther out where that is crowded. */
function placeLabels(points: readonly { label: string; x: number; y: number }[]): Placed[] {
  const taken: Box[] = points.map(({ x, y }) => ({ left: x - 5, right: x + 5, top: y - 5, bottom: y + 5 }));
  return points.map(({ label, x, y }) => {
    const long = label.length * letter;
    let best: { placed: Placed; box: Box; cost: number } | undefined;
    for (const [k, [dx, dy, anchor]] of offsets.entries()) {
      const [tx, ty] = [x + dx, y + dy];
      const left = anchor === "start" ? tx : anchor === "end" ? tx - long : tx - long / 2;
      const box = { left, right: left + long, top: ty - 9, bottom: ty + 3 };
      const outside =
        Math.max(0, room.left - box.left) +
        Math.max(0, box.right - width + 2) +
        Math.max(0, room.top - 6 - box.top) +
        Math.max(0, box.bottom - height + room.bottom);
      const hidden = taken.reduce((sum, other) => sum + overlap(box, other), 0);
      const cost = hidden + 40 * outside + k;
      if (!best || cost < best.cost) best = { placed: { tx, ty, anchor }, box, cost };
    }
    const { placed, box } = best as NonNullable<typeof best>;
    taken.push(box);
    return placed;
  });
}

const offsets: readonly (readonly [dx: number, dy: number, anchor: Placed["anchor"]])[] = [
  [8, 4, "start"],
  [-8, 4, "end"],
  [0, -9, "middle"],
  [0, 17, "middle"],
  [8, -8, "start"],
  [-8, -8, "end"],
  [8, 16, "start"],
  [-8, 16, "end"],
  [0, -21, "middle"],
  [0, 29, "middle"],
  [14, -20, "start"],
  [-14, -20, "end"],
  [14, 28, "start"],
  [-14, 28, "end"],
];

function overlap(a: Box, b: Box): number {
  const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
  const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
  return across > 0 && down > 0 ? across * down : 0;
}

function round(value: number): string {
  return String(Number(value.toPrecision(4)));
}
