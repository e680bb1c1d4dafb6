import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sniff } from "../../src/pictures/formats.ts";
import { formatFromPath, formatTraits, type ImageFormat, supportedExtensions } from "../../src/pictures/index.ts";

describe("formatFromPath", () => {
  it("knows every ending, in any case", () => {
    const wanted: Record<string, ImageFormat> = { ".png": "png", ".jpg": "jpeg", ".JPEG": "jpeg", ".WebP": "webp" };
    Object.assign(wanted, { ".tif": "tiff", ".TIFF": "tiff", ".avif": "avif" });
    for (const [ending, format] of Object.entries(wanted)) expect(formatFromPath(`a.b/c${ending}`)).toBe(format);
    for (const ending of supportedExtensions) {
      expect(formatTraits[formatFromPath(`x${ending}`)].extensions).toContain(ending);
    }
  });

  it.each([
    ["out.gif", ".gif"],
    ["out.xyz", ".xyz"],
    ["out", "no ending"],
    [".png", "no ending"],
  ])("refuses %s and names the endings there are", (path, got) => {
    expect(() => formatFromPath(path)).toThrow(/expected a file name ending in \.png, \.jpg, .*\.avif/);
    expect(() => formatFromPath(path)).toThrow(got);
  });
});

describe("sniff", () => {
  const bytes = (text: string) => Buffer.from(text, "latin1");

  it.each([
    ["GIF89a", "a GIF picture"],
    ["%PDF-1.7", "a PDF document"],
    ["\0\0\0\x18ftypheic\0\0\0\0mif1heic", "a HEIC picture"],
    ["\0\0\0\x18ftypisom\0\0\0\0", "a video or other ISO media file"],
    ['<?xml version="1.0"?>\n<svg>', "an SVG drawing"],
    ["hello", 'text ("hello")'],
    ["a line that is rather long for a message\nmore", 'text ("a line that is rather lo...")'],
  ])("describes %j", (head, description) => {
    expect(sniff(bytes(head))).toEqual({ description });
  });

  it("takes any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (data) => {
        const found = sniff(data);
        if (found) expect(found.description).not.toMatch(/[\r\n]/);
      }),
      { numRuns: 500 },
    );
  });
});
