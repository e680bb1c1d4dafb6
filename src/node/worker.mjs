// The thread in which ONNX Runtime runs: its calls block the thread that makes them. Plain JavaScript, so that it is the
// same file before and after the build. One message is one call; calls are answered in their order.
import { parentPort, workerData } from "node:worker_threads";
import { env, InferenceSession, Tensor } from "onnxruntime-node";

/**
 * @typedef {import("./messages.ts").Call} Call
 * @typedef {import("./messages.ts").WireFeed} WireFeed
 * @typedef {import("./messages.ts").WireValue} WireValue
 * @typedef {import("./messages.ts").Reply} Reply
 */

if (!parentPort) throw new Error("worker.mjs is started by the engine, as a worker thread");
const port = parentPort;
const { stop } = /** @type {import("./messages.ts").WorkerData} */ (workerData);
env.logLevel = "fatal"; // errors travel to the caller as exceptions, not to the terminal

/** @type {Map<number, InferenceSession>} */
const sessions = new Map();
/** What stays here between runs. @type {Map<number, Tensor>} */
const held = new Map();

/**
 * @template T
 * @param {Map<number, T>} map
 * @param {number} id
 * @param {string} what
 * @returns {T}
 */
function known(map, id, what) {
  const found = map.get(id);
  if (!found) throw new Error(`the ${what} is closed`);
  return found;
}

/** @param {WireFeed} value */
function tensorOf(value) {
  if ("held" in value) return known(held, value.held, "value");
  return new Tensor(value.type, /** @type {never} */ (value.data), value.shape);
}

/**
 * @param {string} name
 * @param {Tensor} tensor
 * @returns {WireValue}
 */
function wireOf(name, tensor) {
  const { type, data, dims } = /** @type {import("onnxruntime-node").Tensor} */ (tensor);
  return { name, type, data: /** @type {never} */ (data), shape: dims };
}

/**
 * @param {Exclude<Call, { kind: "drop" }>} call
 * @returns {Promise<WireValue[]>}
 */
async function answer(call) {
  switch (call.kind) {
    case "create":
      sessions.set(
        call.session,
        typeof call.model === "string"
          ? await InferenceSession.create(call.model, call.options)
          : await InferenceSession.create(call.model, call.options),
      );
      return [];
    case "run": {
      const feeds = Object.fromEntries(call.feeds.map((value) => [value.name, tensorOf(value)]));
      const names = call.outputs.map(({ name }) => name);
      const results = await known(sessions, call.session, "session").run(feeds, names);
      return call.outputs.map(({ name, keep }) => {
        const tensor = results[name];
        if (keep === undefined) return wireOf(name, tensor);
        held.set(keep, tensor);
        return { name, type: tensor.type, shape: tensor.dims, held: keep };
      });
    }
    case "hold":
      held.set(call.held, tensorOf(call.value));
      return [];
    case "read": {
      const value = wireOf("", known(held, call.held, "value"));
      return [{ ...value, data: /** @type {{ data: Float32Array }} */ (value).data.slice() }];
    }
    case "close": {
      const session = known(sessions, call.session, "session");
      sessions.delete(call.session);
      await session.release();
      return [];
    }
  }
}

let queue = Promise.resolve();
port.on("message", (/** @type {Call} */ call) => {
  queue = queue.then(async () => {
    if (call.kind === "drop") {
      held.delete(call.held);
      return;
    }
    /** @type {Reply} */
    let reply;
    try {
      if (Atomics.load(stop, 0) !== 0) throw new Error("stopped");
      reply = { id: call.id, values: await answer(call) };
    } catch (error) {
      reply = { id: call.id, error: error instanceof Error ? error.message : String(error) };
    }
    const buffers = "values" in reply ? reply.values.flatMap((v) => ("data" in v ? [v.data.buffer] : [])) : [];
    port.postMessage(reply, /** @type {ArrayBuffer[]} */ ([...new Set(buffers)]));
  });
});
