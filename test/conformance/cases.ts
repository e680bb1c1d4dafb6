import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { list } from "tar";

/** The ONNX project's backend test data; see ../shared/data/onnx-backend-tests/README.md. */
export const archive = fileURLToPath(
  new URL("../../../shared/data/onnx-backend-tests/node-and-pytorch.tar.gz", import.meta.url),
);

export const present = existsSync(archive);

export interface TestCase {
  /** suite/case, e.g. `node/test_abs`. */
  readonly name: string;
  readonly model: Uint8Array;
  /** Serialised TensorProtos of the first data set, in the order of the graph's inputs and outputs. */
  readonly inputs: readonly Uint8Array[];
  readonly outputs: readonly Uint8Array[];
}

/** Reads the archive in memory; nothing is unpacked to disk. */
export function readCases(wanted: (name: string) => boolean = () => true): TestCase[] {
  const files = new Map<string, Uint8Array>();
  list({
    file: archive,
    sync: true,
    onReadEntry(entry) {
      if (entry.type !== "File") return;
      const chunks: Uint8Array[] = [];
      entry.on("data", (chunk: Uint8Array) => chunks.push(chunk));
      entry.on("end", () => files.set(entry.path.replace(/^\.\//, ""), Buffer.concat(chunks)));
    },
  });
  const names = [...files.keys()].flatMap((path) => path.match(/^(.*)\/model\.onnx$/)?.[1] ?? []);
  const numbered = (folder: string, kind: string) => {
    const out: Uint8Array[] = [];
    for (let i = 0; ; i++) {
      const bytes = files.get(`${folder}/test_data_set_0/${kind}_${i}.pb`);
      if (!bytes) return out;
      out.push(bytes);
    }
  };
  return names
    .filter(wanted)
    .sort()
    .map((name) => ({
      name,
      model: files.get(`${name}/model.onnx`) as Uint8Array,
      inputs: numbered(name, "input"),
      outputs: numbered(name, "output"),
    }));
}
