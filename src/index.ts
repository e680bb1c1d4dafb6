/**
 * Tweedie restores damaged images with diffusion models.
 *
 * {@link restore} takes an image and a task; everything below it is public too: the engine that compiles expressions to ONNX
 * Runtime, priors, measurement operators, solvers and metrics. `tweedie/tensor` is the language that solvers are written in,
 * `tweedie/laws` tests operators, `tweedie/bench` compares solvers, `tweedie/core` is all that needs no Node.
 *
 * @example
 * const image = await readImage("noisy.jpg");
 * const prior = await loadPrior("natural");
 * const { images } = await restore({ image, prior, task: { name: "denoise" }, noise: 25 / 255 });
 * await writeAtomic("clean.png", await encodeImage(images[0], { format: "png" }));
 *
 * @module
 */
import "./node/network-operator.ts"; // registers it

export * from "./core.ts";
export { decodeImage, encodeImage } from "./node/codecs/index.ts";
export { createEngine, type NodeEngineOptions } from "./node/engine.ts";
export { writeAtomic } from "./node/files.ts";
export { loadLpips } from "./node/lpips.ts";
export { type ListedPrior, listPriors, loadPrior } from "./node/models.ts";
export { loadOperators } from "./node/modules.ts";
export { degrade, type OwnEngine, restore, sample, simulate } from "./node/on-engine.ts";
export { importOnnxFile } from "./node/onnx-file.ts";
export { readImage, readKernel, readMask, readNpy } from "./node/pictures.ts";
export { NodeRuntime, type NodeRuntimeOptions } from "./node/runtime.ts";
