import type { MaskSpec } from "../operators/index.ts";
import { UsageError } from "./errors.ts";

interface Form {
  readonly expected: string;
  /** Undefined for a text that makes no mask. */
  readonly read: (text: string, seed: number) => MaskSpec | undefined;
}

const share = (text: string) => (/^\d*\.?\d+$/.test(text) && Number(text) <= 1 ? Number(text) : undefined);

const forms: Readonly<Record<string, Form>> = {
  random: {
    expected: "random:FRACTION of missing pixels, such as random:0.7",
    read(text, seed) {
      const missing = share(text);
      return missing === undefined ? undefined : { type: "random", missing, seed };
    },
  },
  box: {
    expected: "box:SIZE or box:WIDTHxHEIGHT somewhere, or box:WIDTHxHEIGHT+LEFT+TOP",
    read(text, seed) {
      const match = /^(\d{1,5})(?:x(\d{1,5}))?(?:\+(\d{1,5})\+(\d{1,5}))?$/.exec(text);
      if (!match) return undefined;
      const [width, height] = [Number(match[1]), Number(match[2] ?? match[1])];
      if (width < 1 || height < 1) return undefined;
      if (match[3] === undefined) return { type: "random-box", width, height, margin: 0, seed };
      return { type: "box", width, height, left: Number(match[3]), top: Number(match[4]) };
    },
  },
  "free-form": {
    expected: "free-form:FRACTION or free-form:LEAST-MOST of the picture, such as free-form:0.2-0.3",
    read(text, seed) {
      const [least, most, ...rest] = text.split("-").map(share);
      if (least === undefined || rest.length > 0) return undefined;
      if (!text.includes("-")) return { type: "free-form", missing: least, seed };
      return most === undefined || most < least ? undefined : { type: "free-form", missing: least, most, seed };
    },
  },
  half: {
    expected: "half:left, half:right, half:top or half:bottom",
    read: (text) => {
      const side = (["left", "right", "top", "bottom"] as const).find((name) => name === text);
      return side && { type: "half", side };
    },
  },
  expand: {
    expected: "expand:FRACTION of each side that is known, such as expand:0.5",
    read(text) {
      const known = share(text);
      return known === undefined ? undefined : { type: "expand", known };
    },
  },
};

/** "random:0.7", "box:64", "half:left", …; undefined for anything else, which is then a file. @throws UsageError */
export function parseMask(text: string, seed: number): MaskSpec | undefined {
  const [name, rest] = text.split(/:(.*)/s);
  if (rest === undefined || !Object.hasOwn(forms, name)) return undefined;
  const form = forms[name];
  const mask = form.read(rest, seed);
  if (mask) return mask;
  throw new UsageError({ what: "--mask", expected: form.expected, got: text });
}
