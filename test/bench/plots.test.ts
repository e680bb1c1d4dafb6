import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { drawPlots, reliabilityPlot, scatterPlot } from "../../src/bench/report/plots.ts";

const labels = Array.from({ length: 14 }, (_, i) => `solver ${i}`);
const axes = { title: "t", x: "seconds", y: "PSNR", labels };

/** The points' centres, from the plot's left upper corner; it is 380 wide and 220 high. */
const circles = (svg: string) =>
  [...svg.matchAll(/aria-roledescription="circle" transform="translate\(([^,]+),([^)]+)\)"/g)].map(([, x, y]) => [
    Number(x),
    Number(y),
  ]);
/** The names that can be seen. */
const names = (svg: string) =>
  [...svg.matchAll(/"text mark"[^>]* opacity="1">([^<]*)<\/text>/g)].map(([, name]) => name);

describe("a scatter plot", () => {
  it("keeps every point inside, whatever the values, and in their order", async () => {
    const value = fc.record({
      x: fc.double({ min: 1e-3, max: 1e4, noNaN: true }),
      y: fc.double({ min: -10, max: 60, noNaN: true }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(value, { minLength: 1, maxLength: 14 }),
        fc.boolean(),
        async (values, lowerIsBetter) => {
          const points = values.map((v, i) => ({ ...v, label: labels[i] }));
          const places = circles(await drawPlots([scatterPlot(points, { ...axes, lowerIsBetter })]));
          expect(places).toHaveLength(points.length);
          for (const [x, y] of places) {
            expect(x).toBeGreaterThan(4);
            expect(x).toBeLessThan(376);
            expect(y).toBeGreaterThan(10);
            expect(y).toBeLessThan(210);
          }
          places.forEach(([x, y], i) => {
            places.forEach(([x2, y2], j) => {
              if (points[i].x < points[j].x) expect(x).toBeLessThanOrEqual(x2);
              if (points[i].y < points[j].y) expect(lowerIsBetter ? y2 - y : y - y2).toBeGreaterThanOrEqual(0);
            });
          });
        },
      ),
    );
  });

  it("names all points, crowded ones too, in the same bytes each time", async () => {
    const points = labels.map((label, i) => ({ label, x: 20, y: 25 + 0.1 * i }));
    const svg = await drawPlots([scatterPlot(points, axes)]);
    expect(names(svg).toSorted()).toEqual(labels.toSorted());
    expect(svg).toContain("<title>solver 3: seconds 20, PSNR 25.3</title>");
    expect(await drawPlots([scatterPlot(points, axes)])).toBe(svg);
  });

  it("leaves out what has no place, and escapes what it shows", async () => {
    const point = { label: "a <b>", x: 1, y: 2 };
    expect(scatterPlot([{ ...point, y: Number.POSITIVE_INFINITY }], axes)).toBeUndefined();
    expect(scatterPlot([{ ...point, x: 0 }], axes)).toBeUndefined();
    const svg = await drawPlots([undefined, scatterPlot([point], { ...axes, title: 'x "y"', labels: ["a <b>"] })]);
    expect(names(svg)).toEqual(["a &lt;b&gt;"]);
    expect(svg).toContain('aria-label="x &quot;y&quot;"');
    expect(svg).toContain('fill="var(--c0)"');
    expect(svg).not.toMatch(/https?:|<script|<style/);
  });
});

it("a reliability plot draws a line through each solver's levels, and names the solvers that it shows", async () => {
  const points = [
    { level: 0.5, covered: 0.25 },
    { level: 0.9, covered: 0.8 },
  ];
  const svg = await drawPlots([reliabilityPlot([{ label: "dps", points }], ["ddrm", "dps"])]);
  const paths = [...svg.matchAll(/<path[^>]* d="([^"]*)"[^>]* stroke="var\(--(\w+)\)"/g)].map(([, d, c]) => [c, d]);
  expect(paths).toContainEqual(["c1", "M0,240L120,180L216,48"]);
  expect(paths).toContainEqual(["faint", "M0,240L240,0"]);
  expect(svg).toMatch(/>dps<\/text>/);
  expect(svg).not.toContain("ddrm");
  expect(reliabilityPlot([], ["dps"])).toBeUndefined();
});

it("without vega, a report says how to get plots; other errors are not hidden", async () => {
  const missing = () =>
    Promise.reject(Object.assign(new Error("Cannot find package"), { code: "ERR_MODULE_NOT_FOUND" }));
  expect(await drawPlots([], missing)).toMatch(/^<p class="faint">No plots.*npm install vega vega-lite/);
  await expect(drawPlots([], () => Promise.reject(new Error("broken")))).rejects.toThrow("broken");
});
