import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeNode } from "../../src/onnx/proto.ts";
import { bytesOfModel, value } from "../onnx/models.ts";

let path: string | undefined;

/** An ONNX file with y = tanh(mean of 3×3 pixels), for pictures of any size; removed when the process ends. */
export function smoothNetwork(): string {
  if (path) return path;
  const folder = mkdtempSync(join(tmpdir(), "tweedie-network-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  path = join(folder, "smooth.onnx");
  const pool = { kernel_shape: { ints: [3, 3] }, pads: { ints: [1, 1, 1, 1] }, count_include_pad: { i: 1 } };
  const nodes = [encodeNode("AveragePool", ["x"], ["mean"], pool), encodeNode("Tanh", ["mean"], ["y"])];
  writeFileSync(path, bytesOfModel({ inputs: [value("x", ["n", "c", "h", "w"])], outputs: ["y"], nodes }));
  return path;
}
