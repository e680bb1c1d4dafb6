import { prepareLatentSolver } from "../latent/index.ts";
import {
  type PreparedSolver,
  type PrepareOptions,
  prepareSolver,
  type Setting,
  type Solver,
} from "../solvers/index.ts";

/** Keeps the last compiled solver: samples of one picture and tiles that are alike are computed by one program. */
export class SolverCache {
  readonly #options: PrepareOptions<ReturnType<Solver["options"]["parse"]>>;
  #last: { readonly key: string; readonly prepared: PreparedSolver } | undefined;

  constructor(options: PrepareOptions<ReturnType<Solver["options"]["parse"]>>) {
    this.#options = options;
  }

  /** @returns the program, and the seconds that compiling it took now: 0 when it was there */
  async get(setting: Setting): Promise<{ prepared: PreparedSolver; compileSeconds: number }> {
    const { operator, sigmaY } = setting;
    const key = JSON.stringify([operator.toJSON(), operator.domain, sigmaY, setting.prior.hash]);
    if (this.#last?.key === key) return { prepared: this.#last.prepared, compileSeconds: 0 };
    await this.dispose(); // before the next one: two programs would need twice the memory
    const prepare = setting.prior.latent ? prepareLatentSolver : prepareSolver;
    const prepared = await prepare(setting, this.#options);
    this.#last = { key, prepared };
    return { prepared, compileSeconds: prepared.compileSeconds };
  }

  async dispose(): Promise<void> {
    const last = this.#last;
    this.#last = undefined;
    await last?.prepared.dispose();
  }
}
