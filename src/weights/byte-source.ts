import { TweedieError } from "../errors.ts";

/** Bytes that are read in ranges: a file, a Blob, an HTTP resource, a buffer. */
export interface ByteSource {
  /** How messages call it: a path, an address. */
  readonly name: string;
  /** In bytes. */
  readonly size: number;
  /**
   * Reads `length` bytes from `offset` on. The result may be a view of memory that others hold: do not write to it.
   * @throws {TweedieError} unreadable-file: the range leaves the source, or reading fails; aborted
   */
  read(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array>;
}

/** What {@link blobSource} needs of a Blob or a File. */
export interface BlobLike {
  readonly size: number;
  slice(start: number, end: number): { arrayBuffer(): Promise<ArrayBuffer> };
}

/** Bytes in memory as a source; they are not copied. */
export function bytesSource(bytes: Uint8Array, name = "the bytes"): ByteSource {
  return rangedSource(name, bytes.length, async (offset, length) => bytes.subarray(offset, offset + length));
}

/** A Blob or File of a browser as a source. */
export function blobSource(blob: BlobLike, name = "the blob"): ByteSource {
  return rangedSource(
    name,
    blob.size,
    async (offset, length) => new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer()),
  );
}

/**
 * A source of a function that reads ranges; ranges and the signal are checked here.
 * @param read gives `length` bytes from `offset` on, both already known to lie inside
 */
export function rangedSource(name: string, size: number, read: ByteSource["read"]): ByteSource {
  return {
    name,
    size,
    async read(offset, length, signal) {
      if (signal?.aborted) throw new TweedieError("aborted", { message: `reading ${name} was aborted` });
      if (!(offset >= 0 && length >= 0 && offset + length <= size))
        throw new TweedieError("unreadable-file", {
          what: name,
          expected: `bytes ${offset} to ${offset + length}`,
          got: `only ${size} bytes`,
        });
      return read(offset, length, signal);
    },
  };
}
