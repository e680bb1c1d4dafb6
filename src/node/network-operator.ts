import * as z from "zod";
import { defineOperator, type PictureSize } from "../operators/index.ts";
import { network } from "../operators/network.ts";
import { readOnnxFile } from "./onnx-file.ts";

// An operator whose options name a file can be made only where there are files.
defineOperator({
  name: "network",
  summary: "a measurement simulated by a network, from an ONNX file",
  schema: z.strictObject({
    model: z.string().min(1),
    input: z.string().optional(),
    output: z.string().optional(),
    values: z.enum(["signed", "unit"]).default("signed"),
  }),
  domainOf: (_, [n, c, h, w], size?: PictureSize) => (size ? [n, c, size.height, size.width] : [n, c, h, w]),
  create: (options, domain) => network(readOnnxFile, options, domain),
});
