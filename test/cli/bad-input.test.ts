import { mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { encodeModel } from "../../src/onnx/proto.ts";
import { layOut } from "../../src/onnx/write.ts";
import { toModelProto } from "../../src/onnx/write-encode.ts";
import { createImage } from "../../src/pictures/index.ts";
import { input } from "../../src/tensor/index.ts";
import { cross, expectOneLine, photo, save, scratch, tweedie } from "./helpers.ts";

/** The card of a network eps(sample, timestep). */
const card = JSON.stringify({
  name: "test",
  description: "a test",
  licence: "MIT",
  architecture: { type: "onnx", inputs: { image: "sample", time: "timestep" }, output: "noise" },
  preconditioning: { type: "vp", prediction: "eps", schedule: { type: "linear" } },
  image: { channels: 3, range: [-1, 1] },
});

/** An ONNX file with an operator that nobody knows. */
function unknownOperator(): Uint8Array {
  const sample = input([1, 3, 8, 8]);
  const timestep = input([1]);
  const graph = layOut({
    inputs: { sample, timestep },
    outputs: { noise: sample.add(timestep).tanh() },
    contrib: false,
  });
  const model = toModelProto(graph);
  for (const node of model.graph?.node ?? []) if (node.opType === "Tanh") node.opType = "FancyFold";
  return encodeModel(model);
}

describe("files that are not what they should be", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await scratch();
    const image = await photo();
    await save(join(folder, "photo.png"), image);
    await save(join(folder, "mask.png"), cross(32, 24));
    await save(join(folder, "small-mask.png"), cross(16, 16));
    await save(join(folder, "dot.png"), createImage(1, 1, 3));
    await save(join(folder, "black.png"), createImage(5, 5, 1));
    await save(join(folder, "white.png"), createImage(32, 24, 1, new Float32Array(32 * 24).fill(1)));
    await writeFile(join(folder, "text.png"), "This is not a picture.\n");
    await writeFile(join(folder, "empty.png"), "");
    const png = await readFile(join(folder, "photo.png"));
    await writeFile(join(folder, "half.png"), png.subarray(0, png.length / 2));
    await writeFile(join(folder, "broken.onnx"), "no protobuf");
    await writeFile(join(folder, "broken.card.json"), card);
    await writeFile(join(folder, "careless.onnx"), unknownOperator());
    await writeFile(join(folder, "careless.card.json"), '{ "name": 3 }');
    await writeFile(join(folder, "strange.onnx"), unknownOperator());
    await writeFile(join(folder, "strange.card.json"), card);
    await writeFile(join(folder, "lone.onnx"), "no protobuf");
    await mkdir(join(folder, "folder.png"));
  });

  const denoise = ["--task", "denoise", "--noise", "0.1"];
  const blur = (kernel: string) => ["--task", "deblur", "--kernel", kernel];
  it.each([
    ["a missing picture", "none.png", denoise, 1, /none\.png: expected an existing file, got no such file/],
    [
      "a truncated picture",
      "half.png",
      denoise,
      1,
      /half\.png: expected a complete PNG file, got \d+ bytes that are trunc/,
    ],
    ["a text file named .png", "text.png", denoise, 1, /text\.png: expected a PNG, .*got text \("This is/],
    ["an empty file", "empty.png", denoise, 1, /empty\.png: .*got an empty file/],
    ["a folder", "folder.png", denoise, 1, /folder\.png: expected a file, got a folder/],
    ["a 1x1 picture", "dot.png", denoise, 1, /expected a picture of at least 8x8 pixels, got 1x1/],
    [
      "a mask of another size",
      "photo.png",
      ["--task", "inpaint", "--mask", "small-mask.png"],
      1,
      /small-mask\.png: expected a mask of the picture's size 32x24, got 16x16/,
    ],
    [
      "a mask that is not there",
      "photo.png",
      ["--task", "inpaint", "--mask", "none.png"],
      1,
      /none\.png: expected an existing file/,
    ],
    [
      "a mask that is white everywhere",
      "photo.png",
      ["--task", "inpaint", "--mask", "white.png"],
      1,
      /expected a picture of which something is known/,
    ],
    [
      "no mask and no transparency",
      "photo.png",
      ["--task", "inpaint"],
      2,
      /expected a mask, or a picture whose transparent pixels/,
    ],
    [
      "a kernel that sums to zero",
      "photo.png",
      blur("black.png"),
      1,
      /black\.png: expected a kernel with a sum above zero/,
    ],
    ["a kernel file that is not there", "photo.png", blur("none.png"), 1, /none\.png: expected an existing file/],
    ["a NaN kernel", "photo.png", blur("gaussian:NaN"), 2, /--kernel: expected gaussian:STD .*got gaussian:NaN/],
    [
      "NaN noise",
      "photo.png",
      ["--task", "denoise", "--noise", "NaN"],
      2,
      /--noise: expected a standard deviation from 0 to 1.*got NaN/,
    ],
    [
      "noise on the wrong scale",
      "photo.png",
      ["--task", "denoise", "--noise", "25"],
      2,
      /--noise: .*such as 0\.05 or 25\/255.*, got 25/,
    ],
    [
      "a NaN solver option",
      "photo.png",
      [...blur("gaussian:1"), "--option", "gamma=NaN"],
      2,
      /vml-map\.gamma: expected a finite number, got "?NaN/,
    ],
    [
      "an infinite solver option",
      "photo.png",
      [...blur("gaussian:1"), "--option", "gamma=1e999"],
      2,
      /vml-map\.gamma: expected a finite number, got Infinity/,
    ],
    [
      "an unknown solver option",
      "photo.png",
      [...blur("gaussian:1"), "--option", "speed=9"],
      2,
      /vml-map: expected options among .*gamma.*, got "speed"/,
    ],
    [
      "an unknown solver",
      "photo.png",
      [...denoise, "--solver", "magic"],
      2,
      /solver: expected one of .*red-diff.*got magic/,
    ],
    [
      "a solver that cannot do the task",
      "photo.png",
      [...blur("gaussian:1"), "--solver", "posterior-mean"],
      1,
      /posterior-mean: expected plain denoising/,
    ],
    ["an unknown model", "photo.png", [...denoise, "--model", "magic"], 1, /model magic: expected .*natural/],
    [
      "a corrupt ONNX file",
      "photo.png",
      [...denoise, "--model", "broken.onnx"],
      1,
      /broken\.onnx: expected .*ONNX.*got/,
    ],
    [
      "an ONNX file of unknown operators",
      "photo.png",
      [...denoise, "--model", "strange.onnx"],
      1,
      /strange.*FancyFold/,
    ],
    [
      "an ONNX file without a card",
      "photo.png",
      [...denoise, "--model", "lone.onnx"],
      1,
      /lone\.onnx: expected a model card/,
    ],
    ["a card that is none", "photo.png", [...denoise, "--model", "careless.onnx"], 1, /careless\.card\.json/],
    [
      "a reference of another size",
      "photo.png",
      [...denoise, "--reference", "small-mask.png"],
      1,
      /small-mask\.png: expected a reference of the result's size 32x24, got 16x16/,
    ],
    [
      "an unknown output format",
      "photo.png",
      [...denoise, "-o", "out.gif"],
      1,
      /out\.gif: expected a file name ending in \.png.*got \.gif/,
    ],
    ["no output", "photo.png", denoise, 2, /-o: expected a name for the result/],
    [
      "an output in a folder that is not there",
      "photo.png",
      [...denoise, "-o", "none/out.png"],
      1,
      /none\/out\.png: expected a file in an existing folder/,
    ],
    ["an output below a file", "photo.png", [...denoise, "-o", "text.png/out.png"], 1, /text\.png\/out\.png: expected/],
    [
      "an output that is a folder",
      "photo.png",
      [...denoise, "-o", "folder.png"],
      1,
      /folder\.png: expected a file name, got a folder/,
    ],
    [
      "an output where nothing can be made",
      "photo.png",
      [...denoise, "-o", "/proc/out.png"],
      1,
      /\/proc\/out\.png: expected a place that can be written/,
    ],
    [
      "an output that is the input",
      "photo.png",
      [...denoise, "-o", "photo.png"],
      2,
      /photo\.png: expected an output that is none of the inputs/,
    ],
    [
      "an output whose record would replace a card",
      "photo.png",
      [...denoise, "-o", "broken.card.png"],
      1,
      /broken\.card\.json: expected a free name for the record/,
    ],
  ] as const)("%s", async (name, image, args, code, message) => {
    const before = await contents2(folder);
    const absolute = (word: string) =>
      /^[\w-]+\.(png|onnx|gif|card\.png)$|^(none|text\.png)\//.test(word) ? join(folder, word) : word;
    const out = args.includes("-o" as never) || name === "no output" ? [] : ["-o", join(folder, "out.png")];
    const ended = await tweedie("restore", join(folder, image), ...args.map(absolute), ...out);
    expectOneLine(ended, message);
    expect(ended.code).toBe(code);
    expect(await contents2(folder)).toEqual(before);
  });

  it("sees an output that is the input through a link", async () => {
    const own = await scratch();
    const image = await save(join(own, "in.png"), await photo());
    await symlink(image, join(own, "link.png"));
    const ended = await tweedie("restore", image, ...denoise, "-o", join(own, "link.png"));
    expectOneLine(ended, /expected an output that is none of the inputs/);
    expect(ended.code).toBe(2);
  });

  it.each([
    [["restore"], /missing required argument 'IMAGE'/],
    [["magic"], /unknown command 'magic'/],
    [["restore", "a.png", "--quality", "9"], /unknown option '--quality'/],
    [["restore", "a.png", "--noise"], /argument missing/],
    [["degrade", "a.png", "--task", "denoise", "-o", "b.png"], /--noise: expected the noise to add/],
    [["degrade", "a.png", "--task", "inpaint", "-o", "b.png"], /--mask: expected/],
    [["sample", "--size", "big", "-o", "b.png"], /--size: expected WIDTHxHEIGHT/],
  ])("a command line like %j", async (argv, message) => {
    const ended = await tweedie(...argv);
    expect(ended.code).toBe(2);
    expectOneLine(ended, message);
  });

  /** Files with their bytes, folders by name. */
  async function contents2(path: string): Promise<Record<string, string>> {
    const names = (await readdir(path, { withFileTypes: true })).filter((entry) => entry.isFile());
    const pairs = names.map(async ({ name }) => [name, (await readFile(join(path, name))).toString("base64")]);
    return Object.fromEntries(await Promise.all(pairs));
  }
});
