import { crc32 } from "node:zlib";

const IHDR_END = 33;

/** Puts ancillary chunks (type, data) into a PNG file, right after its header. */
export function insertChunks(png: Uint8Array, chunks: readonly [string, Uint8Array][]): Buffer {
  const parts: Uint8Array[] = [png.subarray(0, IHDR_END)];
  for (const [type, data] of chunks) {
    const chunk = Buffer.alloc(12 + data.length);
    chunk.writeUInt32BE(data.length, 0);
    chunk.write(type, 4, "latin1");
    chunk.set(data, 8);
    chunk.writeUInt32BE(crc32(chunk.subarray(4, 8 + data.length)), 8 + data.length);
    parts.push(chunk);
  }
  parts.push(png.subarray(IHDR_END));
  return Buffer.concat(parts);
}
