import { type Image, kernelOffset, type Mask } from "../pictures/index.ts";
import type { BlurKernel, Task } from "./task.ts";

/** A mask that marks more than this is often one that marks what is known. */
const MOST = 0.9;

interface Input {
  readonly task: Task;
  readonly image: Image | undefined;
  readonly mask: Mask | undefined;
  /** How many times brighter the picture is made. */
  readonly gain: number;
}

/** What a user should know of the input before the result is trusted, one sentence each. */
export function inputRemarks({ task, image, mask, gain }: Input): string[] {
  const remarks = [pagesRemark(image), ...(task.name === "deblur" ? kernelRemarks(task.kernel) : [])].filter(
    (remark) => remark !== undefined,
  );
  if (gain !== 1)
    remarks.push(
      `its brightest value is ${(1 / gain).toPrecision(2)} of white: made ${gain.toPrecision(3)} times as bright inside and brought back`,
    );
  if (mask?.reading !== undefined) remarks.push(mask.reading);
  const missing = mask ? mask.missing / mask.known.length : 0;
  if (missing > MOST) remarks.push(`${(100 * missing).toFixed(1)}% of the picture is missing: is the mask inverted?`);
  return remarks;
}

/** Of a file with several pictures one is read. */
export function pagesRemark(image: Image | undefined): string | undefined {
  const { pages = 1, format } = image?.meta ?? {};
  if (pages < 2) return undefined;
  return `the file holds ${pages} ${format === "tiff" ? "pages" : "frames"}: only the first of ${pages} is read`;
}

/** A result moves by less than half a pixel unseen. */
const SEEN = 0.5;

/** What is odd about a kernel that came as a picture. */
export function kernelRemarks(blur: BlurKernel): string[] {
  if (blur.type !== "image") return [];
  const { kernel } = blur;
  const { width, height, data } = kernel;
  const remarks: string[] = [];
  const even = width % 2 === 0 || height % 2 === 0;
  if (even)
    remarks.push(`the kernel's size ${width}x${height} is even: its middle is the pixel right of and below the centre`);
  const border = [...data.keys()].filter((i) => {
    const [x, y] = [i % width, Math.floor(i / width)];
    return x === 0 || y === 0 || x === width - 1 || y === height - 1;
  });
  const most = data.reduce((a, b) => Math.max(a, b), 0);
  const around = border.reduce((sum, i) => sum + data[i], 0) / border.length;
  if (around > 0.5 * most && data.some((v) => v < 0.25 * most)) {
    remarks.push("the kernel is dark on a bright ground: is it inverted? Bright is where the light goes");
    return remarks;
  }
  const { x, y } = kernelOffset(kernel);
  if (Math.max(Math.abs(x), Math.abs(y)) >= SEEN)
    remarks.push(
      `the kernel's centre of mass is (${pixels(x)}, ${pixels(y)}) px off its middle: the result will move by ` +
        `(${pixels(-x)}, ${pixels(-y)}) px (--kernel-centre auto centres it)`,
    );
  return remarks;
}

const pixels = (v: number) => String(Number(v.toFixed(1)));
