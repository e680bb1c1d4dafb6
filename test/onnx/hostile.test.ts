import { execFileSync } from "node:child_process";
import { cp, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { importOnnxFile } from "../../src/node/onnx-file.ts";
import { scratchFolder } from "../helpers/pictures.ts";
import { shared } from "../helpers/shared.ts";

const folder = shared("cases/hostile");
const file = (name: string) => join(folder.path, `${name}.onnx`);

describe.skipIf(!folder.present)("models that ask for too much", () => {
  it.each([
    ["func_exp30", "too-large", /at most 200000 nodes, functions and loops written out/],
    ["hann_1e9", "too-large", /at most 16777216 entries of a window, got 1000000000/],
    ["range_1e9", "too-large", /at most 16777216 numbers in a range, got 1000000000/],
    ["onehot_1e9", "too-large", /at most 16777216 entries of a one-hot axis/],
    ["resize_1e6", "too-large", /elements of a resized tensor/],
    ["cos_4d", "too-large", /at most 2147483648 elements/],
    ["cos_neg", "invalid-model", /expected extents from 0 on, got -5/],
    ["cos_i64max", "invalid-model", /expected extents from 0 on/],
  ])("%s ends in %s before the work begins", (name, code, message) => {
    expect(() => importOnnxFile(file(name))).toThrow(
      expect.objectContaining({ name: "TweedieError", code, message: expect.stringMatching(message) }),
    );
  });

  it.each(["proto_names", "proto_out"])("%s: names that every object has are names like others", (name) => {
    const { inputs, outputs } = importOnnxFile(file(name));
    expect(Object.keys(inputs)).toHaveLength(1);
    expect(Object.keys(outputs)).toHaveLength(1);
  });

  it("an abort is looked at before every node", () => {
    expect(() => importOnnxFile(file("func_exp30"), { signal: AbortSignal.abort() })).toThrow(
      expect.objectContaining({ code: "aborted" }),
    );
  });

  it("external data stay in the model's folder, links resolved, and are files", async () => {
    const place = await scratchFolder();
    const outside = await scratchFolder();
    await writeFile(join(outside, "secret.bin"), new Uint8Array(1 << 16));
    for (const name of ["ext_symlink", "ext_fifo"]) await cp(file(name), join(place, `${name}.onnx`));
    await symlink(join(outside, "secret.bin"), join(place, "link.bin"));
    execFileSync("mkfifo", [join(place, "fifo.bin")]);
    expect(() => importOnnxFile(join(place, "ext_symlink.onnx"))).toThrow(
      expect.objectContaining({ code: "invalid-model", expected: "external data in the model's folder" }),
    );
    expect(() => importOnnxFile(join(place, "ext_fifo.onnx"))).toThrow(
      expect.objectContaining({ code: "unreadable-file", got: "a device, pipe or socket" }),
    );
  });
});
