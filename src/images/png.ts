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

// Node 20 before 20.15 has no zlib.crc32.
const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = table[(crc ^ byte) & 0xff] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}
