import { TweedieError } from "../../errors.ts";

/** Collects what cannot be imported, so that one error tells everything. */
export class Problems {
  readonly #byReason = new Map<string, string[]>();

  /** @param reason the op type, or what is missing of it */
  add(reason: string, node: string): void {
    this.#byReason.set(reason, [...(this.#byReason.get(reason) ?? []), node]);
  }

  /** @throws unsupported-op that lists every operator with the nodes that use it. */
  raise(model: string): void {
    if (this.#byReason.size === 0) return;
    const lines = [...this.#byReason].map(([reason, nodes]) => `${reason} (${some(nodes)})`);
    throw new TweedieError("unsupported-op", {
      message: `${model} cannot be imported; it needs ${lines.join("; ")}`,
      expected: "operators of the tensor language",
      got: [...this.#byReason.keys()].join(", "),
    });
  }
}

function some(nodes: readonly string[]): string {
  const shown = nodes.slice(0, 8).map((n) => `"${n}"`);
  return nodes.length > shown.length ? `${shown.join(", ")} and ${nodes.length - shown.length} more` : shown.join(", ");
}
