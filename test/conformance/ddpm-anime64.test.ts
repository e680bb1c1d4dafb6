import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Engine } from "../../src/engine/index.ts";
import { createEngine } from "../../src/node/engine.ts";
import { importOnnxFile } from "../../src/node/onnx-file.ts";
import type { ImportedModel } from "../../src/onnx/import.ts";
import { input, vjp } from "../../src/tensor/index.ts";
import { readTensors, type Tensors } from "../helpers/weights.ts";

// A network that others trained, converted and measured: 63 million parameters in 8 bits, 1431 nodes. Its golden noise
// is from ONNX Runtime, its golden gradient from PyTorch in float64.
const folder = fileURLToPath(new URL("../../../shared/data/weights/ddpm-anime64/", import.meta.url));
const absent = !existsSync(`${folder}ddpm_anime64.onnx`);
const tolerance = 1e-4; // as its golden.json suggests

function relativeError(got: ArrayLike<number>, expected: ArrayLike<number>): number {
  let [difference, norm] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    difference += (got[i] - expected[i]) ** 2;
    norm += expected[i] ** 2;
  }
  return Math.sqrt(difference / norm);
}

describe.skipIf(absent)("a third-party network (skipped where ../shared/data is absent)", () => {
  let golden: Tensors;
  let model: ImportedModel;
  let engine: Engine;
  const value = (name: string) => golden.tensors.get(name)?.data as Float32Array | BigInt64Array;

  beforeAll(async () => {
    golden = await readTensors(`${folder}golden.safetensors`);
    model = importOnnxFile(`${folder}ddpm_anime64.onnx`, { inputShapes: { sample: [1, 3, 64, 64] } });
    engine = await createEngine();
  }, 300_000);
  afterAll(() => engine?.dispose());

  it("binds the batch of the other input and of the output", () => {
    expect(model.inputs.timestep.shape).toEqual([1]);
    expect(model.outputs.noise.shape).toEqual([1, 3, 64, 64]);
    expect(model.opset).toBe(18);
  });

  it("gives the golden noise and the golden gradient of <noise, v>", async () => {
    const v = input([1, 3, 64, 64]);
    const [gradient] = vjp([model.outputs.noise], [model.inputs.sample], [v]);
    const program = await engine.compile({
      inputs: { sample: model.inputs.sample, timestep: model.inputs.timestep, v },
      outputs: { noise: model.outputs.noise, gradient },
    });
    for (const k of [0, 1]) {
      const { noise, gradient: pulled } = await program.run({
        sample: value(`sample_${k}`),
        timestep: value(`timestep_${k}`),
        v: value(`v_${k}`),
      });
      const errors = [
        relativeError(noise, value(`noise_${k}`) as Float32Array),
        relativeError(pulled, value(`vjp_${k}`) as Float32Array),
      ];
      process.stdout.write(
        `ddpm-anime64, case ${k}: relative errors ${errors.map((e) => e.toExponential(1)).join(", ")}\n`,
      );
      expect(errors[0]).toBeLessThan(tolerance);
      expect(errors[1]).toBeLessThan(tolerance);
    }
    await program.dispose();
  }, 600_000);
});
