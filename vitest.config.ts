import { defineConfig } from "vitest/config";

// Two workers: the suite must fit a machine with two cores; ONNX Runtime brings threads of its own.
export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    setupFiles: ["test/setup.ts"],
    testTimeout: 240_000,
    hookTimeout: 240_000,
    maxWorkers: 2,
  },
});
