import * as core from "../core.ts";
import { createEngine } from "./engine.ts";

/** A request whose engine may be left out: one is then started, and ended, for this call alone. */
export type OwnEngine<R extends { readonly engine: core.Engine }> = Omit<R, "engine"> & {
  readonly engine?: core.Engine;
};

async function withEngine<R extends { readonly engine: core.Engine }, T>(
  request: OwnEngine<R>,
  run: (request: R) => Promise<T>,
): Promise<T> {
  if (request.engine) return run(request as unknown as R);
  const engine = await createEngine();
  try {
    return await run({ ...request, engine } as unknown as R);
  } finally {
    await engine.dispose();
  }
}

type Restore = Parameters<typeof core.restore>[0];

/** {@link core.restore}, on an engine of its own where none is given. @throws {TweedieError} as {@link core.restore} */
export const restore = (request: OwnEngine<Restore>): Promise<core.Restoration> => withEngine(request, core.restore);

/** {@link core.sample}, on an engine of its own where none is given. @throws {TweedieError} as {@link core.sample} */
export const sample = (request: OwnEngine<core.SampleRequest>): Promise<core.Sampling> =>
  withEngine(request, core.sample);

/** {@link core.simulate}, on an engine of its own where none is given. @throws {TweedieError} as {@link core.simulate} */
export const simulate = (request: OwnEngine<core.DegradeRequest>): Promise<core.Simulation> =>
  withEngine(request, core.simulate);

/** {@link core.degrade}, on an engine of its own where none is given. @throws {TweedieError} as {@link core.degrade} */
export const degrade = (request: OwnEngine<core.DegradeRequest>): Promise<core.Image> =>
  withEngine(request, core.degrade);
