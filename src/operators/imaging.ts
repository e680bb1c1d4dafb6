import * as z from "zod";
import { ct, scannedSide } from "./ct.ts";
import { kernelSchema } from "./kernel-spec.ts";
import { mri } from "./mri.ts";
import { samplingPatterns } from "./mri-sampling.ts";
import { nonlinearBlur } from "./nonlinear-blur.ts";
import { phaseRetrieval, unpadded } from "./phase-retrieval.ts";
import { radonFilters } from "./radon-filter.ts";
import { defineOperator, needSize } from "./registry.ts";

// Instruments that do not take pictures: scanners, diffraction, and cameras that no linear map describes.

defineOperator({
  name: "ct",
  summary: "sparse-view computed tomography: parallel-beam line integrals",
  schema: z.strictObject({
    angles: z.union([z.int().min(1).max(2000), z.array(z.number()).min(1)]).default(30),
    circle: z.boolean().default(false),
    unit: z.enum(["detector", "pixel"]).default("detector"),
    filter: z.enum(radonFilters).default("ramp"),
  }),
  domainOf({ circle }, [n, c, detectors], size) {
    const side = size ? undefined : scannedSide(detectors, circle ?? false);
    const { height, width } = side === undefined ? needSize("ct", size) : { height: side, width: side };
    return [n, c, height, width];
  },
  create: ct,
});

const scan = {
  pattern: z.enum(samplingPatterns).optional(),
  acceleration: z.number().min(1).max(1000).optional(),
  centre: z.number().min(0).max(1).optional(),
  seed: z.int().nonnegative().optional(),
  mask: z.string().optional(),
  coils: z.int().min(1).max(64).optional(),
  maps: z
    .strictObject({
      coils: z.int().min(1),
      height: z.int().positive(),
      width: z.int().positive(),
      re: z.array(z.number()),
      im: z.array(z.number()),
    })
    .optional(),
};

defineOperator({
  name: "mri",
  summary: "magnetic resonance imaging of real pictures: part of k-space, seen by one coil or several",
  schema: z.strictObject(scan),
  domainOf({ coils = 1, maps }, [n, planes, height, width]) {
    return [n, Math.max(1, Math.round(planes / (2 * (maps?.coils ?? coils)))), height, width];
  },
  create: mri,
});

defineOperator({
  name: "mri-complex",
  summary: "magnetic resonance imaging of complex pictures, as scanners see them",
  schema: z.strictObject(scan),
  domainOf: (_, [n, , height, width]) => [n, 2, height, width],
  create: (options, domain) => mri({ ...options, picture: "complex" }, domain),
  task: { channels: 2 },
});

defineOperator({
  name: "phase-retrieval",
  summary: "magnitudes of the Fourier transform of the padded picture",
  schema: z.strictObject({
    oversample: z.number().min(0).max(16).default(2),
    values: z.enum(["signed", "unit"]).default("signed"),
  }),
  domainOf({ oversample = 2 }, [n, c, h, w], size) {
    if (size) return [n, c, size.height, size.width];
    const [height, width] = [unpadded(h, oversample), unpadded(w, oversample)];
    if (height !== undefined && width !== undefined) return [n, c, height, width];
    const asked = needSize("phase-retrieval", size);
    return [n, c, asked.height, asked.width];
  },
  create: phaseRetrieval,
});

defineOperator({
  name: "nonlinear-blur",
  summary: "blur of light in a camera that saturates",
  schema: z.strictObject({
    kernel: kernelSchema.default({ type: "trajectory", size: 9, intensity: 0.5, seed: 0 }),
    gain: z.number().positive().max(100).default(1.5),
    border: z.enum(["circular", "reflect", "zero"]).default("reflect"),
  }),
  create: nonlinearBlur,
  task: { measurement: "picture" },
});
