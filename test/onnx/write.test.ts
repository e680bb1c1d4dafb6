import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { createEngine } from "../../src/node/engine.ts";
import { writeModelFile } from "../../src/node/model-file.ts";
import { readOnnxFile } from "../../src/node/onnx-file.ts";
import { decodeModel, decodeTensor, encodeModel, externalLocation } from "../../src/onnx/proto.ts";
import { type GraphOptions, layOut } from "../../src/onnx/write.ts";
import { toModelProto } from "../../src/onnx/write-encode.ts";
import { concat, constant, evaluate, gradient, input, type Tensor } from "../../src/tensor/index.ts";
import { distance, random, smallNet } from "../engine/helpers.ts";

const folder = mkdtempSync(join(tmpdir(), "tweedie-test-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The graph as it reads after a round trip through bytes. */
function written(options: GraphOptions) {
  const model = decodeModel(encodeModel(toModelProto(layOut(options))));
  const graph = model.graph!;
  return { model, graph, types: graph.node.map((n) => n.opType) };
}

describe("writing a graph", () => {
  const x = input([2, 3]);

  it("names inputs and outputs, and declares their types and shapes", () => {
    const k = input([], "int64");
    const { model, graph } = written({ inputs: { x, k }, outputs: { y: x.exp(), z: k.add(1) } });
    const shapes = [...graph.input, ...graph.output].map(({ name, type }) => {
      const { value } = type!.value as { value: { elemType: number; shape: { dim: { value: { value: bigint } }[] } } };
      return [name, value.elemType, ...value.shape.dim.map((d) => Number(d.value.value))];
    });
    expect(shapes).toEqual([
      ["x", 1, 2, 3],
      ["k", 7],
      ["y", 1, 2, 3],
      ["z", 7],
    ]);
    expect(model.opsetImport.map((o) => [o.domain, Number(o.version)])).toEqual([["", 21]]);
    expect(model.producerName).toBe("tweedie");
  });

  it("leaves dead code out and writes equal nodes and constants once", () => {
    x.log(); // needed by nobody
    const twice = [x, x].map((v) => v.mul(constant([1, 2, 3])).exp());
    const { types, graph } = written({ inputs: { x }, outputs: { y: twice[0].add(twice[1]) } });
    expect(types.sort()).toEqual(["Add", "Exp", "Mul"]);
    expect(graph.initializer.length).toBe(1);
  });

  it("keeps large constants, which are written past the protobuf library", () => {
    const n = 5000;
    const y = input([n]).add(constant(random(n, 8)));
    const { graph } = written({ inputs: { x: y.inputs[0] }, outputs: { y, z: y.mul(constant([2])) } });
    expect(graph.node.length).toBe(2);
    expect(graph.output.length).toBe(2);
    const sizes = graph.initializer.map((t) => decodeTensor(t)).sort((a, b) => a.data.length - b.data.length);
    expect(sizes.map((t) => t.shape)).toEqual([[1], [n]]);
    expect(sizes[1].data).toEqual(random(n, 8));
  });

  it("tells constants apart that differ in type, shape or one bit", () => {
    const y = x
      .add(constant([0, 0, 1]))
      .add(constant([0, 0, 1 + 2 ** -23]))
      .add(constant([0, 0, 1], [1, 3]));
    const z = x.add(constant([-0, 0, 1]));
    expect(written({ inputs: { x }, outputs: { y, z } }).graph.initializer.length).toBe(4);
  });

  it("uses ONNX Runtime's own operators only where allowed", () => {
    const graph = { inputs: { x }, outputs: { y: x.silu() } };
    expect(written(graph).types).toEqual(["Sigmoid", "Mul"]);
    const { types, model } = written({ ...graph, contrib: true });
    expect(types).toEqual(["QuickGelu"]);
    expect(model.opsetImport.map((o) => o.domain)).toEqual(["", "com.microsoft"]);
  });

  it("puts the share of optional outputs into branches, with the constants that only they read", () => {
    const weight = constant(random(9, 1), [3, 3]);
    const [g] = gradient(x.matmul(weight).square().sum(), [x]);
    const outputs = { y: x.exp(), g, h: g.exp() };
    const { graph, types } = written({ inputs: { x }, outputs, optional: ["g", "h"] });
    const conditions = graph.input.slice(1).map((i) => i.name.replace(/\d+$/, ""));
    expect(conditions).toEqual(["want_g_", "want_h_"]);
    expect(types.filter((t) => t === "If").length).toBe(2);
    expect(graph.initializer.length).toBe(0);
    const bodies = graph.node.flatMap((n) => n.attribute.filter((a) => a.name === "then_branch").map((a) => a.g!));
    expect(bodies[0].initializer.some((t) => t.dims.join() === "3,3")).toBe(true);
    expect(bodies[1].node.map((n) => n.opType)).toEqual(["Exp"]);
  });

  it("avoids names that inputs and outputs have", () => {
    const names = Object.fromEntries(["Exp_0", "Exp_1", "constant_0"].map((n) => [n, input([3])]));
    const y = Object.values(names)
      .reduce((a: Tensor, b) => a.exp().add(b))
      .mul(constant([1, 2, 3]));
    const { graph } = written({ inputs: names, outputs: { Mul_2: y, y: y.exp() } });
    const defined = [...graph.input, ...graph.initializer].map((v) => v.name);
    const all = [...defined, ...graph.node.flatMap((n) => n.output)];
    expect(new Set(all).size).toBe(all.length);
  });
});

describe("model files", () => {
  const x = input([1, 3, 16, 16]);
  const outputs = { y: smallNet(x), fixed: concat([constant(random(5000, 2)), x.flatten()]) };
  const data = random(768, 3);

  it.each([
    ["one file", undefined, ["a.onnx"]],
    ["external data", 1000, ["b.onnx", "b.onnx.data"]],
  ])("run from disk: %s", async (_, externalAbove, names) => {
    const path = join(folder, names[0]);
    const paths = await writeModelFile(path, layOut({ inputs: { x }, outputs }), { externalAbove });
    expect(paths).toEqual(names.map((n) => join(folder, n)));
    expect(
      readdirSync(folder)
        .filter((n) => n.includes(names[0]))
        .sort(),
    ).toEqual(names);
    const { InferenceSession, Tensor: Value } = await import("onnxruntime-node");
    const session = await InferenceSession.create(path);
    const results = await session.run({ x: new Value("float32", data.slice(), [1, 3, 16, 16]) });
    const expected = evaluate(Object.values(outputs), new Map([[x, data]]));
    Object.keys(outputs).forEach((name, i) => {
      expect(distance(results[name].data as Float32Array, expected[i].data)).toBeLessThan(1e-6);
    });
    await session.release();
  });

  it("place external tensors on pages of their own, small ones inside", async () => {
    const path = join(folder, "c.onnx");
    await writeModelFile(path, layOut({ inputs: { x }, outputs }), { externalAbove: 0 });
    const { initializer } = decodeModel(readFileSync(path)).graph!;
    const places = initializer.map(externalLocation);
    const outside = places.filter((p) => p !== undefined);
    expect(outside.length).toBeGreaterThan(0);
    expect(outside.every((p) => p.location === "c.onnx.data" && p.offset % 4096 === 0)).toBe(true);
    for (const [i, t] of initializer.entries())
      expect(places[i] === undefined).toBe(t.rawData.length > 0 && t.rawData.length < 1024);
    const long = readOnnxFile(path).model.graph?.initializer.find((t) => t.dims.join() === "5000");
    const read = decodeTensor(long!);
    expect(distance(read.data as Float32Array, random(5000, 2))).toBe(0);
  });

  it("carry metadata", async () => {
    const path = join(folder, "d.onnx");
    await writeModelFile(path, layOut({ inputs: { x }, outputs }), { metadata: { licence: "CC0" } });
    const { metadataProps } = decodeModel(readFileSync(path));
    expect(metadataProps.map(({ key, value }) => [key, value])).toEqual([["licence", "CC0"]]);
  });

  it("are whole or absent: an abort or a folder that is a file leaves nothing", async () => {
    const before = readdirSync(folder);
    const graph = layOut({ inputs: { x }, outputs });
    const aborted = writeModelFile(join(folder, "e.onnx"), graph, { externalAbove: 0, signal: AbortSignal.abort() });
    await expect(aborted).rejects.toMatchObject({ code: "aborted" });
    await expect(writeModelFile(join(folder, "a.onnx", "f.onnx"), graph)).rejects.toMatchObject({
      code: "not-writable",
    });
    expect(readdirSync(folder)).toEqual(before);
  });

  it("above the limit of one message are what the engine loads too", async () => {
    const engine = await createEngine({ threads: 1, mapAbove: 0 });
    const program = await engine.compile({ inputs: { x }, outputs });
    const { y } = await program.run({ x: data });
    expect(distance(y, evaluate([outputs.y], new Map([[x, data]]))[0].data)).toBeLessThan(1e-6);
    await program.dispose();
    await engine.dispose();
  });
});
