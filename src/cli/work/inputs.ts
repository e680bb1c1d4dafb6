import { TweedieError } from "../../errors.ts";
import { decodeImage } from "../../node/codecs/index.ts";
import { readBytes, readStandardInput, sha256 } from "../../node/files.ts";
import { decodeNpy, type Image, isNpy, type NpyArray } from "../../pictures/index.ts";
import { type Planes, toPlanes } from "../../restore/index.ts";
import { isArrayFile, STANDARD } from "../outputs.ts";

interface InputFile {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly sha256: string;
}

/** sha256 of files, by the argument that names them. */
export type RecordedFiles = Readonly<Record<string, { readonly sha256: string }>>;

/** The files that a run reads, each read once: what is decoded is what was hashed. */
export class Inputs {
  readonly #files: ReadonlyMap<string, InputFile>;

  readonly #maxPixels: number | undefined;

  private constructor(files: ReadonlyMap<string, InputFile>, maxPixels: number | undefined) {
    this.#files = files;
    this.#maxPixels = maxPixels;
  }

  /**
   * @param paths by the argument that names them
   * @param options `recorded`: what the files have to be; `maxPixels`: of each picture, see `decodeImage`
   * @throws {TweedieError} as `readBytes`; invalid-option: a file is not the recorded one, or none is recorded
   */
  static async read(
    paths: Readonly<Record<string, string>>,
    { recorded, maxPixels }: { recorded?: RecordedFiles | undefined; maxPixels?: number | undefined } = {},
  ): Promise<Inputs> {
    const files = new Map<string, InputFile>();
    for (const [name, path] of Object.entries(paths)) {
      const wanted = recorded && recordedHash(recorded, name, path);
      const bytes = path === STANDARD ? await readStandardInput() : await readBytes(path);
      const hash = sha256(bytes);
      if (wanted !== undefined) expectHash(path, wanted, hash);
      files.set(name, { path, bytes, sha256: hash });
    }
    return new Inputs(files, maxPixels);
  }

  /** Path and hash of each, by the argument that names it. */
  get files(): readonly (readonly [name: string, file: InputFile])[] {
    return [...this.#files];
  }

  has(name: string): boolean {
    return this.#files.has(name);
  }

  isArray(name: string): boolean {
    const { path, bytes } = this.#file(name);
    return path === STANDARD ? isNpy(bytes) : isArrayFile(path);
  }

  path(name: string): string {
    return this.#file(name).path;
  }

  image(name: string): Promise<Image> {
    const { bytes, path } = this.#file(name);
    return decodeImage(bytes, { name: path, maxPixels: this.#maxPixels });
  }

  array(name: string): Planes {
    return toPlanes(this.numbers(name), this.path(name));
  }

  /** The array of a .npy file as it is. */
  numbers(name: string): NpyArray {
    const { bytes, path } = this.#file(name);
    return decodeNpy(bytes, path);
  }

  #file(name: string): InputFile {
    const file = this.#files.get(name);
    if (!file) throw new TweedieError("internal", { what: name, expected: "an input file", got: "none" });
    return file;
  }
}

/** @throws {TweedieError} invalid-option: the record has no hash of this file */
export function recordedHash(recorded: RecordedFiles, name: string, path: string): string {
  if (Object.hasOwn(recorded, name)) return recorded[name].sha256;
  const expected = "a record with the sha256 of every file that it names";
  throw new TweedieError("invalid-option", { what: name, expected, got: `none of ${path}` });
}

/** @throws {TweedieError} invalid-option: the file is not the recorded one; of another file nothing is told */
export function expectHash(file: string, expected: string, got: string): void {
  if (expected === got) return;
  throw new TweedieError("invalid-option", {
    what: file,
    expected: `the recorded file (sha256 ${expected.slice(0, 12)}…)`,
    got: "another one",
  });
}
