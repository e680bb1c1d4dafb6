// The thread in which ONNX Runtime runs: its calls block the thread that makes them. Plain JavaScript, so that it is the
// same file before and after the build. One message is one call; calls are answered in their order.
import { parentPort, workerData } from "node:worker_threads";
import { env, InferenceSession, Tensor } from "onnxruntime-node";

/**
 * @typedef {import("./messages.ts").Call} Call
 * @typedef {import("./messages.ts").WireValue} WireValue
 * @typedef {import("./messages.ts").Reply} Reply
 */

if (!parentPort) throw new Error("worker.mjs is started by the engine, as a worker thread");
const port = parentPort;
const { stop } = /** @type {import("./messages.ts").WorkerData} */ (workerData);
env.logLevel = "fatal"; // errors travel to the caller as exceptions, not to the terminal

/** @type {Map<number, InferenceSession>} */
const sessions = new Map();

/** @param {number} id */
function sessionOf(id) {
  const session = sessions.get(id);
  if (!session) throw new Error("the session is closed");
  return session;
}

/**
 * @param {Call} call
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
      const feeds = Object.fromEntries(
        call.feeds.map(({ name, type, data, shape }) => [name, new Tensor(type, /** @type {never} */ (data), shape)]),
      );
      const results = await sessionOf(call.session).run(feeds, call.outputs);
      return call.outputs.map((name) => {
        const { type, data, dims } = /** @type {import("onnxruntime-node").Tensor} */ (results[name]);
        return { name, type, data: /** @type {WireValue["data"]} */ (data), shape: dims };
      });
    }
    case "close": {
      const session = sessionOf(call.session);
      sessions.delete(call.session);
      await session.release();
      return [];
    }
  }
}

let queue = Promise.resolve();
port.on("message", (/** @type {Call} */ call) => {
  queue = queue.then(async () => {
    /** @type {Reply} */
    let reply;
    try {
      if (Atomics.load(stop, 0) !== 0) throw new Error("stopped");
      reply = { id: call.id, values: await answer(call) };
    } catch (error) {
      reply = { id: call.id, error: error instanceof Error ? error.message : String(error) };
    }
    const buffers = "values" in reply ? reply.values.map((v) => v.data.buffer) : [];
    port.postMessage(reply, /** @type {ArrayBuffer[]} */ ([...new Set(buffers)]));
  });
});
