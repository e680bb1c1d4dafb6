import { type DType, fromFloat64, type TypedArray } from "../tensor/index.ts";
import type { Shape } from "../tensor/shape.ts";
import { bytesOf } from "./proto.ts";
import type { Names, Scope } from "./write-scope.ts";

/** A constant of the written model, with the graphs (main or branches) that read it. */
export interface Initializer {
  readonly name: string;
  readonly data: TypedArray;
  readonly shape: Shape;
  readonly dtype: DType;
  readonly users: Set<Scope>;
}

/** The constants of a model; equal ones are stored once. */
export class ConstantPool {
  readonly #byName = new Map<string, Initializer>();
  readonly #byContent = new Map<string, Initializer[]>();
  readonly #names: Names;

  constructor(names: Names) {
    this.#names = names;
  }

  /** The name under which `scope` can read these elements (`float32` data may come as doubles). */
  add(given: TypedArray, shape: Shape, dtype: DType, scope: Scope): string {
    const data = dtype === "float32" && given instanceof Float64Array ? fromFloat64(given, "float32") : given;
    const bytes = bytesOf(data);
    const key = `${dtype}[${shape.join()}]${checksum(bytes)}`;
    const bucket = this.#byContent.get(key) ?? [];
    let found = bucket.find((c) => sameBytes(bytesOf(c.data), bytes));
    if (!found) {
      found = { name: this.#names.fresh("constant"), data, shape, dtype, users: new Set() };
      this.#byName.set(found.name, found);
      this.#byContent.set(key, [...bucket, found]);
    }
    found.users.add(scope);
    return found.name;
  }

  get(name: string): Initializer | undefined {
    return this.#byName.get(name);
  }

  all(): Initializer[] {
    return [...this.#byName.values()];
  }

  /** Bytes of all of them. */
  bytes(): number {
    return this.all().reduce((n, c) => n + c.data.byteLength, 0);
  }

  use(name: string, scope: Scope): void {
    this.#byName.get(name)?.users.add(scope);
  }

  /** The constants that belong into one graph: those it alone reads; the main graph holds the shared ones. */
  of(scope: Scope, main: Scope): Initializer[] {
    return [...this.#byName.values()].filter(({ users }) => {
      const [only] = users;
      return users.size === 1 ? only === scope : scope === main;
    });
  }
}

/** FNV-1a over 32-bit words: cheap, and a clash only costs one comparison. */
function checksum(bytes: Uint8Array): number {
  let h = 0x811c9dc5;
  const words = bytes.byteOffset % 4 === 0 ? bytes.byteLength >> 2 : 0;
  const view = new Uint32Array(bytes.buffer, words ? bytes.byteOffset : 0, words);
  for (let i = 0; i < words; i++) h = Math.imul(h ^ view[i], 0x01000193);
  for (let i = words * 4; i < bytes.length; i++) h = Math.imul(h ^ bytes[i], 0x01000193);
  return h >>> 0;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  if (a.buffer === b.buffer && a.byteOffset === b.byteOffset) return true;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
