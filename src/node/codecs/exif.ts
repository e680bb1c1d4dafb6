const ORIENTATION_TAG = 0x0112;
const SHORT = 3;

/**
 * An EXIF block for pixels that are already upright: orientation 1, and the embedded thumbnail unlinked, because it
 * shows the picture before it was restored. Accepts the block with or without its "Exif\0\0" prefix, returns a copy
 * without it; undefined for a block that cannot be followed (EXIF 2.32 section 4.6.2: a TIFF directory).
 */
export function normalizeExif(block: Uint8Array): Uint8Array | undefined {
  const prefixed = String.fromCharCode(...block.subarray(0, 6)) === "Exif\0\0";
  // Not `slice`, which does not copy when the block is a Buffer.
  const bytes = Uint8Array.from(block.subarray(prefixed ? 6 : 0));
  if (bytes.length < 14) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const order = view.getUint16(0);
  const little = order === 0x4949;
  if ((!little && order !== 0x4d4d) || view.getUint16(2, little) !== 42) return undefined;
  const directory = view.getUint32(4, little);
  if (directory + 2 > bytes.length) return undefined;
  const next = directory + 2 + 12 * view.getUint16(directory, little);
  if (next + 4 > bytes.length) return undefined;
  for (let entry = directory + 2; entry < next; entry += 12) {
    if (view.getUint16(entry, little) !== ORIENTATION_TAG) continue;
    view.setUint16(entry + 2, SHORT, little);
    view.setUint32(entry + 4, 1, little);
    view.setUint16(entry + 8, 1, little);
  }
  view.setUint32(next, 0, little);
  return bytes;
}
