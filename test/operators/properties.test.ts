import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  adjoint,
  composition,
  createOperator,
  listOperators,
  type Operator,
  type OperatorSpec,
} from "../../src/operators/index.ts";
import { normals } from "../../src/random/index.ts";
import { constant, evaluate, input, sizeOf, type Tensor, vjp } from "../../src/tensor/index.ts";
import { samples } from "./samples.ts";

const random = (shape: readonly number[], purpose: string, scale = 1): Tensor =>
  constant(
    Float64Array.from(normals({ seed: 2, purpose }, sizeOf(shape)), (v) => scale * v),
    shape,
    "float32",
  );
const value = (x: Tensor): Float64Array => evaluate([x])[0].data;
const dot = (a: ArrayLike<number>, b: ArrayLike<number>) => Array.from(a).reduce((s, v, i) => s + v * b[i], 0);
const norm = (a: ArrayLike<number>) => Math.sqrt(dot(a, a));
const batch = (shape: readonly number[], n: number) => [n, ...shape.slice(1)];

/** ‖got − expected‖ relative to ‖expected‖, or to 1 where that is small. */
function distance(got: Float64Array, expected: Float64Array): number {
  expect(got.length).toBe(expected.length);
  return norm(got.map((v, i) => v - expected[i])) / Math.max(1, norm(expected));
}

interface Draw {
  readonly spec: OperatorSpec;
  readonly domain: readonly number[];
}

function draws(name: string): fc.Arbitrary<Draw> {
  const { options, channels = [1, 3], sides = [1, 13] } = samples[name];
  const side = fc.integer({ min: sides[0], max: sides[1] });
  return fc
    .tuple(options, fc.constantFrom(...channels), side, side)
    .map(([rest, c, h, w]) => ({ spec: { ...rest, name }, domain: [1, c, h, w] }));
}

/** Runs a check over random operators of one kind; failures come with the spec and the size. */
function each(name: string, numRuns: number, check: (operator: Operator, draw: Draw) => void): void {
  const property = fc.property(draws(name), (draw) => check(createOperator(draw.spec, { domain: draw.domain }), draw));
  fc.assert(property, { numRuns, seed: 7 });
}

const registered = listOperators().map(({ name }) => name);

it("has a way to draw every registered kind", () => {
  expect(Object.keys(samples).sort()).toEqual([...registered].sort());
});

describe.each(registered.filter((name) => name in samples))("%s", (name) => {
  const runs = 25;

  it("maps its domain to its range, sample by sample, and says so when it is given another size", () => {
    each(name, runs, (operator, { domain }) => {
      expect(operator.domain).toEqual(domain);
      const x = random(batch(domain, 2), "x", 0.5);
      const y = operator.apply(x);
      expect(y.shape).toEqual(batch(operator.range, 2));
      const both = value(y);
      expect(both.every(Number.isFinite)).toBe(true);
      const second = value(operator.apply(x.narrow(0, 1, 1)));
      expect(distance(both.slice(second.length), second)).toBeLessThan(1e-12);
      const wrong = [1, domain[1], domain[2] + 1, domain[3]];
      expect(() => operator.apply(random(wrong, "x"))).toThrow(/expected/);
    });
  });

  it("is linear and has its adjoint, or its derivative is that of finite differences", () => {
    each(name, runs, (operator, { domain }) => {
      const x = random(domain, "x", 0.5);
      const y = random(operator.range, "y");
      const direction = random(domain, "direction");
      if (operator.linear) {
        const [ax, aty] = [value(operator.apply(x)), value(adjoint(operator, y))];
        expect(Math.abs(dot(ax, value(y)) - dot(value(x), aty))).toBeLessThan(1e-10 * (1 + norm(ax) * norm(value(y))));
        const sum = operator.apply(x.mul(1.7).sub(direction));
        const parts = operator.apply(x).mul(1.7).sub(operator.apply(direction));
        expect(distance(value(sum), value(parts))).toBeLessThan(1e-10);
        return;
      }
      const at = input(domain);
      const [pulled] = vjp([operator.apply(at)], [at], [y]);
      const [{ data: g }] = evaluate([pulled], new Map([[at, value(x)]]));
      expect(g.length).toBe(sizeOf(domain));
      expect(g.every(Number.isFinite)).toBe(true);
      if (operator.surrogateGradient) return;
      const h = 1e-6;
      const ahead = value(operator.apply(x.add(direction.mul(h))));
      const behind = value(operator.apply(x.sub(direction.mul(h))));
      const slopes = ahead.map((v, i) => ((v - behind[i]) / (2 * h)) * value(y)[i]);
      const slope = slopes.reduce((s, v) => s + v, 0);
      expect(Math.abs(dot(g, value(direction)) - slope)).toBeLessThan(1e-4 * (1 + norm(slopes)));
    });
  });

  it("bounds its norm", () => {
    each(name, runs, (operator, { domain }) => {
      expect(operator.normSquared).toBeGreaterThanOrEqual(0);
      if (!operator.linear) return;
      let v = value(random(domain, "power"));
      let largest = 0;
      for (let k = 0; k < 12; k++) {
        const length = norm(v);
        if (length === 0) break;
        const unit = constant(
          v.map((entry) => entry / length),
          domain,
          "float32",
        );
        const image = operator.apply(unit);
        largest = dot(value(image), value(image));
        v = value(adjoint(operator, image));
      }
      expect(operator.normSquared).toBeGreaterThanOrEqual(largest * (1 - 1e-9));
    });
  });

  it("has a pseudo-inverse that does what it claims", () => {
    each(name, runs, (operator, { domain }) => {
      const { pseudoInverse } = operator;
      if (!pseudoInverse) return expect(operator.exactPseudoInverse).toBeFalsy();
      const ax = operator.apply(random(domain, "x", 0.5));
      const back = pseudoInverse(ax);
      expect(back.shape).toEqual(operator.domain);
      expect(value(back).every(Number.isFinite)).toBe(true);
      if (operator.exactPseudoInverse) expect(distance(value(operator.apply(back)), value(ax))).toBeLessThan(1e-7);
    });
  });

  it("has an orthogonal SVD, if any", () => {
    each(name, runs, (operator, { domain }) => {
      const { svd } = operator;
      if (!svd) return;
      const x = random(domain, "x");
      // With more measurements than pixels the left singular vectors span what A can give.
      const more = sizeOf(operator.range) > sizeOf(domain);
      const y = more ? operator.apply(random(domain, "y")) : random(operator.range, "y");
      const z = svd.vt(x);
      expect(distance(value(svd.v(z)), value(x))).toBeLessThan(1e-9);
      expect(Math.abs(norm(value(z)) - norm(value(x)))).toBeLessThan(1e-9 * (1 + norm(value(x))));
      expect(distance(value(svd.u(svd.ut(y))), value(y))).toBeLessThan(1e-9);
      expect(distance(value(svd.u(svd.singularValues.mul(z))), value(operator.apply(x)))).toBeLessThan(1e-9);
    });
  });

  it("composes, and is rebuilt by its spec and from a measurement", () => {
    each(name, runs, (operator, { domain }) => {
      const x = random(domain, "x", 0.5);
      const expected = value(operator.apply(x));
      const json = JSON.parse(JSON.stringify(operator.toJSON()));
      expect(value(createOperator(json, { domain }).apply(x))).toEqual(expected);
      const size = { height: domain[2], width: domain[3] };
      expect(createOperator(json, { measurement: operator.range, size }).range).toEqual(operator.range);
      const halved = composition([createOperator({ name: "denoise" }, { domain }), operator]);
      expect(halved.linear).toBe(operator.linear);
      expect(value(halved.apply(x))).toEqual(expected);
    });
  });

  it("makes a first guess of the right size", () => {
    each(name, runs, (operator, { domain }) => {
      if (!operator.estimate) return;
      const y = value(operator.apply(random(domain, "x", 0.5)));
      const guess = operator.estimate(y, 0.1);
      expect(guess.length).toBe(sizeOf(domain));
      expect(guess.every(Number.isFinite)).toBe(true);
    });
  });

  it("measures grey in each channel alike, where it takes 1 and 3 channels and measures thrice as much of 3", () => {
    each(name, runs, (operator, { spec, domain: [, , h, w] }) => {
      const build = (c: number) => {
        try {
          return createOperator(spec, { domain: [1, c, h, w] });
        } catch {
          return undefined;
        }
      };
      const [one, three] = [build(1), build(3)];
      if (!one || !three || three.range[1] !== 3 * one.range[1]) return;
      const x = random([1, 1, h, w], "x", 0.5);
      const y = value(one.apply(x));
      const repeated = value(three.apply(x.expand([1, 3, h, w])));
      expect(distance(repeated, Float64Array.from([...y, ...y, ...y]))).toBeLessThan(1e-9);
      expect(operator.linear).toBe(one.linear);
    });
  });
});
