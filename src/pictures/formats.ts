import { TweedieError } from "../errors.ts";

/** Containers that are read and written. */
export type ImageFormat = "png" | "jpeg" | "webp" | "tiff" | "avif";

/** What a container can hold; `maxSide` in pixels. */
export interface FormatTraits {
  extensions: readonly string[];
  bitDepths: readonly (8 | 16)[];
  alpha: boolean;
  maxSide: number;
}

// AVIF stores 12 bits: enough for a 16-bit source to keep what a picture shows, but not its exact values.
export const formatTraits: Readonly<Record<ImageFormat, FormatTraits>> = {
  png: { extensions: [".png"], bitDepths: [8, 16], alpha: true, maxSide: 0x7fffffff },
  jpeg: { extensions: [".jpg", ".jpeg", ".jpe", ".jfif"], bitDepths: [8], alpha: false, maxSide: 65535 },
  webp: { extensions: [".webp"], bitDepths: [8], alpha: true, maxSide: 16383 },
  tiff: { extensions: [".tif", ".tiff"], bitDepths: [8, 16], alpha: true, maxSide: 0x7fffffff },
  avif: { extensions: [".avif"], bitDepths: [8, 16], alpha: true, maxSide: 16384 },
};

const formats = Object.keys(formatTraits) as ImageFormat[];

/** All file name endings with an encoder, for messages. */
export const supportedExtensions: readonly string[] = formats.flatMap((format) => formatTraits[format].extensions);

/** The format that a file name's ending asks for. Throws `unsupported-format` naming the endings there are. */
export function formatFromPath(path: string): ImageFormat {
  const extension = (/[^/\\](\.[^./\\]*)$/.exec(path)?.[1] ?? "").toLowerCase();
  const format = formats.find((name) => formatTraits[name].extensions.includes(extension));
  if (format) return format;
  throw new TweedieError("unsupported-format", {
    what: path,
    expected: `a file name ending in ${supportedExtensions.join(", ")}`,
    got: extension === "" ? "no ending" : extension,
  });
}

/** What the first bytes say the file is: a supported format, another known kind in words, or undefined. */
export function sniff(bytes: Uint8Array): { format?: ImageFormat; description: string } | undefined {
  const ascii = (start: number, end: number): string => String.fromCharCode(...bytes.subarray(start, end));
  const head = ascii(0, 16);
  if (head.startsWith("\x89PNG\r\n\x1a\n")) return { format: "png", description: "PNG" };
  if (head.startsWith("\xff\xd8\xff")) return { format: "jpeg", description: "JPEG" };
  if (head.startsWith("RIFF") && ascii(8, 12) === "WEBP") return { format: "webp", description: "WebP" };
  if (/^(II[*+]\0|MM\0[*+])/.test(head)) return { format: "tiff", description: "TIFF" };
  if (ascii(4, 8) === "ftyp" && bytes.length >= 12) {
    const brand = ascii(8, 12);
    if (brand === "avif" || brand === "avis") return { format: "avif", description: "AVIF" };
    // "mif1" files name what they hold among the compatible brands that follow.
    if (/avif/.test(ascii(16, 64))) return { format: "avif", description: "AVIF" };
    return { description: /^(hei|hev|mif)/.test(brand) ? "a HEIC picture" : "a video or other ISO media file" };
  }
  const others: readonly [string, string][] = [
    ["GIF8", "a GIF picture"],
    ["BM", "a BMP picture"],
    ["%PDF", "a PDF document"],
    ["\0\0\x01\0", "an icon"],
    ["\x93NUMPY", "a NumPy array"],
    ["PK\x03\x04", "a ZIP archive"],
    ["8BPS", "a Photoshop document"],
    ["\xff\x0a", "a JPEG XL picture"],
    ["\0\0\0\x0cJXL ", "a JPEG XL picture"],
  ];
  const match = others.find(([magic]) => head.startsWith(magic));
  if (match) return { description: match[1] };
  const text = describeText(bytes.subarray(0, 256));
  return text === undefined ? undefined : { description: text };
}

function describeText(bytes: Uint8Array): string | undefined {
  let text: string;
  try {
    // A multi-byte character may be cut at the end: `stream` keeps it back instead of failing.
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
  } catch {
    return undefined;
  }
  for (const char of text) if (char < " " && !"\t\r\n\f".includes(char)) return undefined;
  if (/^\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)?<svg/s.test(text)) return "an SVG drawing";
  const line = text.trim().split(/[\r\n]/)[0];
  return line.length > 24 ? `text ("${line.slice(0, 24)}...")` : `text ("${line}")`;
}
