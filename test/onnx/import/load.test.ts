import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { TweedieError } from "../../../src/errors.ts";
import { importOnnxFile } from "../../../src/node/onnx-file.ts";
import { loadOnnx } from "../../../src/onnx/import/load.ts";
import { importOnnx } from "../../../src/onnx/import.ts";
import { bytesOf, encodeExternalTensor, encodeNode } from "../../../src/onnx/proto.ts";
import { evaluate } from "../../../src/tensor/index.ts";
import { bytesOfModel, value } from "../models.ts";

const folder = mkdtempSync(join(tmpdir(), "tweedie-import-"));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

function errorOf(source: string | Uint8Array): TweedieError {
  try {
    if (typeof source === "string") importOnnxFile(source);
    else importOnnx(source);
  } catch (error) {
    if (error instanceof TweedieError) return error;
    throw error;
  }
  throw new Error("expected an error");
}

const nodes = [encodeNode("Add", ["x", "w"], ["y"])];
const external = (location: string, offset = 4, length: number | undefined = undefined) =>
  bytesOfModel({
    inputs: [value("x", [2])],
    outputs: ["y"],
    initializers: [encodeExternalTensor("w", [2], "float32", { location, offset, length })],
    nodes,
  });

describe("files that are no models", () => {
  const good = bytesOfModel({ inputs: [value("x", [2])], outputs: ["y"], nodes: [encodeNode("Relu", ["x"], ["y"])] });

  it("says what came instead", () => {
    const text = file("text.onnx", "This is a letter, not a network.\n");
    expect(errorOf(text)).toMatchObject({ code: "invalid-model", expected: expect.stringContaining("an ONNX model") });
    expect(errorOf(text).message).toMatch(/text\.onnx: expected an ONNX model.*, got a text file/);
    expect(errorOf(file("empty.onnx", "")).message).toMatch(/empty\.onnx: expected an ONNX model, got an empty file$/);
    const picture = file("picture.onnx", Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13));
    expect(errorOf(picture)).toMatchObject({ code: "invalid-model" });
    expect(errorOf(join(folder, "nothing.onnx"))).toMatchObject({ code: "missing-file" });
    expect(errorOf(folder)).toMatchObject({ code: "unreadable-file" });
  });

  it("never takes a part of a model for a model", () => {
    const whole = good.length - new TextEncoder().encode("com.microsoft").length - 6; // the last field names a domain
    for (let n = 0; n < whole; n++) {
      const error = errorOf(good.subarray(0, n));
      expect(error.code, `${n} bytes: ${error.message}`).toBe("invalid-model");
    }
    expect(importOnnx(good).outputs.y.shape).toEqual([2]);
  });

  it("answers any damage with a typed error or an import", () => {
    let seed = 1;
    const random = (n: number) => {
      seed = (seed * 1664525 + 1013904223) % 4294967296;
      return seed % n;
    };
    for (let i = 0; i < 500; i++) {
      const bytes = good.slice();
      for (let k = 0; k < 1 + random(3); k++) bytes[random(bytes.length)] = random(256);
      try {
        importOnnx(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(TweedieError);
      }
    }
  });
});

describe("weights in files beside the model", () => {
  const weights = bytesOf(Float32Array.of(9, 1, 2));

  it("are found by their location, offset and length", () => {
    file("weights.bin", weights);
    const { inputs, outputs } = importOnnxFile(file("external.onnx", external("weights.bin")));
    expect(Array.from(evaluate([outputs.y], new Map([[inputs.x, [10, 20]]]))[0].data)).toEqual([11, 22]);
  });

  it("must be there, be whole, and lie in the model's folder", () => {
    expect(errorOf(file("a.onnx", external("absent.bin")))).toMatchObject({ code: "missing-file" });
    file("short.bin", weights.subarray(0, 9));
    const short = errorOf(file("b.onnx", external("short.bin")));
    expect(short).toMatchObject({ code: "invalid-model" });
    expect(short.message).toContain("short.bin: expected at least 12 bytes of weights, got 9");
    for (const location of ["../secret.bin", "/etc/hostname", "a/../../b", ""])
      expect(errorOf(file("c.onnx", external(location))), location).toMatchObject({ code: "invalid-model" });
    expect(errorOf(external("weights.bin"))).toMatchObject({ code: "missing-file" }); // bytes have no folder
    expect(errorOf(file("d.onnx", external("weights.bin", -4)))).toMatchObject({ code: "invalid-model" });
  });

  it("are refused behind a link that leaves the folder, and when they are no file", () => {
    const outside = mkdtempSync(join(tmpdir(), "tweedie-outside-"));
    writeFileSync(join(outside, "weights.bin"), weights);
    symlinkSync(join(outside, "weights.bin"), join(folder, "link.bin"));
    const error = errorOf(file("e.onnx", external("link.bin")));
    expect(error).toMatchObject({ code: "invalid-model", expected: "external data in the model's folder" });
    rmSync(outside, { recursive: true });
    execFileSync("mkfifo", [join(folder, "pipe.bin")]);
    expect(errorOf(file("f.onnx", external("pipe.bin")))).toMatchObject({ code: "unreadable-file" });
  });

  it("come from any source of bytes", async () => {
    const reads: number[][] = [];
    const source = {
      size: weights.length,
      read: async (offset: number, length: number) => {
        reads.push([offset, length]);
        return weights.slice(offset, offset + length);
      },
    };
    const { inputs, outputs } = importOnnx(await loadOnnx(external("w"), async () => source));
    expect(Array.from(evaluate([outputs.y], new Map([[inputs.x, [10, 20]]]))[0].data)).toEqual([11, 22]);
    expect(reads).toEqual([[4, 8]]);
    const short = loadOnnx(external("w", 8), async () => source);
    await expect(short).rejects.toMatchObject({ code: "invalid-model" });
  });
});
