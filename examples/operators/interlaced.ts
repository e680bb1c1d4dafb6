// Every second row of a picture, as half a frame of interlaced video holds it.
//   tweedie check interlaced.ts
//   tweedie degrade photo.png --operator-module interlaced.ts -o rows.npy
//   tweedie restore rows.npy --operator-module interlaced.ts -o restored.png
import { defineOperator } from "tweedie";
import { z } from "zod";

defineOperator({
  name: "interlaced",
  summary: "every second row",
  schema: z.strictObject({ odd: z.boolean().default(false) }),
  domainOf: (_, [n, c, h, w]) => [n, c, 2 * h, w],
  create: ({ odd = false }, [, c, h, w]) => ({
    ...{ name: "interlaced", linear: true, normSquared: 1, domain: [1, c, h, w], range: [1, c, h / 2, w] },
    apply: (x) => x.reshape(x.shape[0], c, h / 2, 2, w).narrow(3, odd ? 1 : 0, 1).squeeze(3),
    toJSON: () => ({ name: "interlaced", odd }),
  }),
});
