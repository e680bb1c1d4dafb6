import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

// Two workers: the suite must fit a machine with two cores; ONNX Runtime brings threads of its own.
const source = (path: string) => fileURLToPath(new URL(`src/${path}`, import.meta.url));

export default defineConfig({
  // Examples import the library by its name, as its users do.
  resolve: {
    alias: [
      { find: /^tweedie$/, replacement: source("index.ts") },
      { find: /^tweedie\/tensor$/, replacement: source("tensor/index.ts") },
    ],
  },
  test: {
    include: ["test/**/*.test.ts"],
    setupFiles: ["test/setup.ts"],
    testTimeout: 240_000,
    hookTimeout: 240_000,
    maxWorkers: 2,
  },
});
