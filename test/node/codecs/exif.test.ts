import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { normalizeExif } from "../../../src/node/codecs/exif.ts";

/** A block with an orientation, another tag and a link to a thumbnail directory. */
function block(little: boolean, orientation: number, prefix = ""): Uint8Array {
  const bytes = Buffer.alloc(8 + 2 + 24 + 4 + 6);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  bytes.write(little ? "II" : "MM", "latin1");
  view.setUint16(2, 42, little);
  view.setUint32(4, 8, little);
  view.setUint16(8, 2, little);
  const entries: [number, number][] = [
    [0x0112, orientation],
    [0x0128, 2],
  ];
  entries.forEach(([tag, value], i) => {
    view.setUint16(10 + 12 * i, tag, little);
    view.setUint16(12 + 12 * i, 3, little);
    view.setUint32(14 + 12 * i, 1, little);
    view.setUint16(18 + 12 * i, value, little);
  });
  view.setUint32(34, 38, little);
  return Buffer.concat([Buffer.from(prefix, "latin1"), bytes]);
}

describe("normalizeExif", () => {
  it("resets the orientation, unlinks the thumbnail and changes nothing else, in both byte orders", () => {
    for (const little of [true, false])
      for (const prefix of ["", "Exif\0\0"])
        for (let orientation = 1; orientation <= 8; orientation++) {
          const wanted = block(little, 1);
          new DataView(wanted.buffer, wanted.byteOffset).setUint32(34, 0);
          const source = block(little, orientation, prefix);
          const before = Uint8Array.from(source);
          expect(normalizeExif(source)).toEqual(Uint8Array.from(wanted));
          expect(Uint8Array.from(source)).toEqual(before);
        }
  });

  it("gives nothing for what is no EXIF, and never fails", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 80 }),
        fc.constantFrom("", "II*\0", "MM\0*", "Exif\0\0MM\0*"),
        (rest, start) => {
          const bytes = Buffer.concat([Buffer.from(start, "latin1"), rest]);
          const result = normalizeExif(bytes);
          if (result) expect([0x49, 0x4d]).toContain(result[0]);
        },
      ),
      { numRuns: 500 },
    );
    expect(normalizeExif(new Uint8Array())).toBeUndefined();
    expect(normalizeExif(block(true, 6).subarray(0, 20))).toBeUndefined();
  });
});
