import fc from "fast-check";

// Random cases, the same in every run: a failure can be repeated. FAST_CHECK_SEED=N looks elsewhere.
fc.configureGlobal({ seed: Number(process.env.FAST_CHECK_SEED ?? 2026) });
