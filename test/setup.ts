import fc from "fast-check";
import "../src/node/network-operator.ts"; // the tests of operators go over all that are registered

// Random cases, the same in every run: a failure can be repeated. FAST_CHECK_SEED=N looks elsewhere.
fc.configureGlobal({ seed: Number(process.env.FAST_CHECK_SEED ?? 2026) });
