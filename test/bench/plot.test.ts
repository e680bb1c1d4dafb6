import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { scatterPlot } from "../../src/bench/report/plot.ts";

const axes = { title: "t", x: "seconds", y: "PSNR" };

/** The circles' centres. */
const circles = (svg: string) =>
  [...svg.matchAll(/<circle cx="([-\d.]+)" cy="([-\d.]+)"/g)].map(([, x, y]) => [Number(x), Number(y)]);

describe("scatterPlot", () => {
  it("keeps every point inside, whatever the values, and in their order", () => {
    const value = fc.record({
      x: fc.double({ min: 1e-3, max: 1e4, noNaN: true }),
      y: fc.double({ min: -10, max: 60, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 14 }), fc.boolean(), (values, lowerIsBetter) => {
        const points = values.map((v, i) => ({ ...v, label: `solver ${i}`, colour: i }));
        const places = circles(scatterPlot(points, { ...axes, lowerIsBetter }));
        expect(places).toHaveLength(points.length);
        for (const [x, y] of places) {
          expect(x).toBeGreaterThan(50);
          expect(x).toBeLessThan(447);
          expect(y).toBeGreaterThan(29);
          expect(y).toBeLessThan(259);
        }
        places.forEach(([x, y], i) => {
          places.forEach(([x2, y2], j) => {
            if (points[i].x < points[j].x) expect(x).toBeLessThanOrEqual(x2);
            if (points[i].y < points[j].y) expect(lowerIsBetter ? y2 - y : y - y2).toBeGreaterThanOrEqual(0);
          });
        });
      }),
    );
  });

  it("leaves out what has no place, and names what it shows", () => {
    const point = { label: "a <b>", x: 1, y: 2, colour: 3 };
    expect(scatterPlot([{ ...point, y: Number.POSITIVE_INFINITY }], axes)).toBe("");
    expect(scatterPlot([{ ...point, x: 0 }], axes)).toBe("");
    expect(scatterPlot([point], axes)).toContain("a &lt;b&gt;</text>");
  });
});
