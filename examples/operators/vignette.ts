// A lens that darkens the corners, and a sensor whose curve is bent: a non-linear operator with a start of its own.
import { defineOperator } from "tweedie";
import { constant } from "tweedie/tensor";
import { z } from "zod";

defineOperator({
  name: "vignette",
  summary: "dark corners and a bent tone curve",
  schema: z.strictObject({ strength: z.number().min(0).max(1).default(0.7) }),
  create({ strength = 0.7 }, [, c, h, w]) {
    const fall = Float64Array.from({ length: h * w }, (_, k) => {
      const [y, x] = [(Math.floor(k / w) + 0.5) / h - 0.5, ((k % w) + 0.5) / w - 0.5];
      return 1 - strength * 2 * (x * x + y * y);
    });
    const light = constant(fall, [1, 1, h, w], "float32");
    const shape = [1, c, h, w];
    return {
      ...{ name: "vignette", linear: false, normSquared: 1, domain: shape, range: shape },
      // Brightness (x + 1)/2 falls off, then saturates gently.
      apply: (x) => x.add(1).mul(0.5).mul(light).mul(1.5).tanh().mul(2).sub(1),
      pseudoInverse: (y) => y,
      toJSON: () => ({ name: "vignette", strength }),
    };
  },
  task: { measurement: "picture" },
});
