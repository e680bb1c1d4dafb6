import { deflateSync } from "node:zlib";
import { TweedieError } from "../../errors.ts";
import { checkEncodable, type EncodeOptions } from "../../pictures/encodable.ts";
import { formatTraits } from "../../pictures/formats.ts";
import { checkImage, type Image } from "../../pictures/image.ts";
import { insertChunks } from "./png.ts";

/**
 * A picture as the bytes of a file. Samples are rounded to the nearest of the 2^bitDepth levels, so unchanged samples of
 * the same depth come back exactly (PNG, TIFF, lossless WebP and AVIF). The colour profile is attached as it is, EXIF
 * (orientation 1; not in TIFF) and density (not in WebP, AVIF without EXIF) are kept.
 * Throws like {@link checkEncodable}, and `numerical-failure` for NaN or infinite samples.
 */
export async function encodeImage(image: Image, options: EncodeOptions): Promise<Uint8Array> {
  checkImage(image);
  checkEncodable(image, options);
  const { format } = options;
  const traits = formatTraits[format];
  const bitDepth = options.bitDepth ?? (traits.bitDepths.includes(image.meta.bitDepth) ? image.meta.bitDepth : 8);
  // An opaque alpha channel says nothing that its absence would not.
  const alpha = traits.alpha && options.alpha !== "drop" ? image.alpha : undefined;
  const { default: sharp } = await import("sharp");
  const carrier = await carry(image, alpha, bitDepth);
  const { exif, density, icc } = image.meta;

  const grey = image.channels === 1;
  const space = bitDepth === 16 ? (grey ? "grey16" : "rgb16") : grey ? "b-w" : "srgb";
  // The decoder of the carrier is told to leave the profile alone: it belongs to the values as they are.
  let pipeline = sharp(carrier, { ignoreIcc: true, limitInputPixels: false }).toColourspace(space);
  if (icc) pipeline = pipeline.keepIccProfile();
  if (exif) pipeline = pipeline.keepExif();
  if (exif && density) pipeline = pipeline.withDensity(density);
  const quality = options.quality;
  switch (format) {
    case "png":
      pipeline = pipeline.png({ compressionLevel: 6, adaptiveFiltering: true });
      break;
    case "jpeg":
      pipeline = pipeline.jpeg({ quality: quality ?? 95, chromaSubsampling: "4:4:4" });
      break;
    case "webp":
      // `exact` keeps the colours under transparent pixels.
      pipeline = pipeline.webp(
        quality === undefined ? { lossless: true, exact: true } : { quality, exact: true, smartSubsample: true },
      );
      break;
    case "tiff": {
      const perMillimetre = density === undefined ? {} : { xres: density / 25.4, yres: density / 25.4 };
      pipeline = pipeline.tiff({ compression: "deflate", predictor: "horizontal", ...perMillimetre });
      break;
    }
    case "avif": {
      const amount = quality === undefined && bitDepth === 8 ? { lossless: true } : { quality: quality ?? 100 };
      pipeline = pipeline.avif({ ...amount, bitdepth: bitDepth === 16 ? 12 : 8, chromaSubsampling: "4:4:4" });
      break;
    }
  }
  try {
    const bytes = await pipeline.toBuffer();
    // The encoder writes a JPEG's density into EXIF only.
    return format === "jpeg" && density && !exif ? withJfifDensity(bytes, density) : bytes;
  } catch (cause) {
    throw new TweedieError("internal", { message: `writing ${format} failed: ${(cause as Error).message}`, cause });
  }
}

/**
 * The encoders take metadata only from the picture that they re-encode, so the samples travel in an uncompressed PNG
 * with the profile, the EXIF block and the density as chunks of it.
 */
async function carry(image: Image, alpha: Float32Array | undefined, bitDepth: 8 | 16): Promise<Buffer> {
  const { width, height } = image;
  const bands = image.channels + (alpha ? 1 : 0);
  const samples = interleave(image, alpha, bitDepth);
  const { default: sharp } = await import("sharp");
  const space = bitDepth === 16 ? (bands < 3 ? "grey16" : "rgb16") : bands < 3 ? "b-w" : "srgb";
  const png = await sharp(samples, {
    raw: { width, height, channels: bands as 1 | 2 | 3 | 4 },
    limitInputPixels: false,
  })
    .toColourspace(space)
    .png({ compressionLevel: 0 })
    .toBuffer();
  const { icc, exif, density } = image.meta;
  const chunks: [string, Uint8Array][] = [];
  if (icc && profileFits(icc, image.channels)) {
    chunks.push(["iCCP", Buffer.concat([Buffer.from("ICC profile\0\0", "latin1"), deflateSync(icc)])]);
  }
  if (density !== undefined) {
    const perMetre = Math.round(density / 0.0254);
    const data = Buffer.alloc(9);
    data.writeUInt32BE(perMetre, 0);
    data.writeUInt32BE(perMetre, 4);
    data[8] = 1;
    chunks.push(["pHYs", data]);
  }
  if (exif) chunks.push(["eXIf", exif]);
  return insertChunks(png, chunks);
}

function interleave(image: Image, alpha: Float32Array | undefined, bitDepth: 8 | 16): Uint8Array | Uint16Array {
  const n = image.width * image.height;
  const bands = image.channels + (alpha ? 1 : 0);
  const max = 2 ** bitDepth - 1;
  const samples = bitDepth === 16 ? new Uint16Array(n * bands) : new Uint8Array(n * bands);
  const put = (source: Float32Array, offset: number, band: number): void => {
    for (let i = 0, j = band; i < n; i++, j += bands) {
      const value = source[offset + i];
      if (!Number.isFinite(value)) {
        throw new TweedieError("numerical-failure", {
          what: "picture",
          expected: "finite samples",
          got: String(value),
        });
      }
      samples[j] = Math.round(Math.min(1, Math.max(0, value)) * max);
    }
  };
  for (let c = 0; c < image.channels; c++) put(image.data, c * n, c);
  if (alpha) put(alpha, 0, bands - 1);
  return samples;
}

/** A JPEG file with its JFIF header (APP0 segment) saying `density` dots per inch. */
function withJfifDensity(jpeg: Buffer, density: number): Buffer {
  const header = Buffer.from("\xff\xe0\0\x10JFIF\0\x01\x02\x01\0\0\0\0\0\0", "latin1");
  const dots = Math.min(65535, Math.max(1, Math.round(density)));
  header.writeUInt16BE(dots, 12);
  header.writeUInt16BE(dots, 14);
  const hasHeader = jpeg.readUInt16BE(2) === 0xffe0;
  return Buffer.concat([jpeg.subarray(0, 2), header, jpeg.subarray(hasHeader ? 4 + jpeg.readUInt16BE(4) : 2)]);
}

/** A grey picture cannot carry a profile for colour, nor the other way round (ICC.1 header, bytes 16..19). */
function profileFits(icc: Uint8Array, channels: 1 | 3): boolean {
  return String.fromCharCode(...icc.subarray(16, 20)) === (channels === 1 ? "GRAY" : "RGB ");
}
