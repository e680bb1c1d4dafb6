import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { TweedieError } from "../../src/errors.ts";
import { parseCard } from "../../src/priors/card.ts";

const text = readFileSync(new URL("./golden/tiny-prior/card.json", import.meta.url), "utf8");
const changed = (change: (card: Record<string, unknown>) => void) => {
  const card: Record<string, unknown> = JSON.parse(text);
  change(card);
  return JSON.stringify(card);
};

const preconditioned = (fields: object) =>
  changed((c) => {
    c.preconditioning = "type" in fields ? fields : { ...(c.preconditioning as object), ...fields };
  });
const built = (fields: object) => changed((c) => Object.assign(c.architecture as object, fields));
type Case = [what: string, json: string, message: string];

describe("parseCard", () => {
  test("reads what the training recipe exports", () => {
    const card = parseCard(text, "card.json");
    expect(card.architecture).toMatchObject({ type: "shuffle-unet", widths: [8, 12, 16], multiple: 8 });
  });

  test("takes files in folders below the card's", () => {
    const card = parseCard(
      changed((c) => Object.assign(c.weights as object, { file: "a/..b/c.d" })),
      "card.json",
    );
    expect(card.weights?.file).toBe("a/..b/c.d");
  });

  test.each<Case>([
    ["no JSON", "nonsense", "card.json: expected a model card in JSON"],
    ["a list", "[]", "card.json: expected an object, got []"],
    ["no name", changed((c) => delete c.name), "card.json.name: expected a string"],
    [
      "an unknown architecture",
      changed((c) => Object.assign(c, { architecture: { type: "gan" } })),
      "card.json.architecture.type: expected",
    ],
    ["a misspelt field", changed((c) => Object.assign(c, { lisence: "MIT" })), "lisence"],
    [
      "a negative sigma",
      changed((c) => Object.assign(c.preconditioning as object, { sigmaMin: -1 })),
      "card.json.preconditioning.sigmaMin: expected",
    ],
    [
      "a sigmaMin above sigmaMax",
      preconditioned({ sigmaMin: 90 }),
      "card.json.preconditioning.sigmaMin: expected less than sigmaMax, 80, got 90",
    ],
    [
      "a schedule that does not fall",
      preconditioned({ type: "vp", prediction: "eps", schedule: { type: "alphas-cumprod", values: [0.5, 0.9] } }),
      "alphaBar falling strictly within (0, 1)",
    ],
    [
      "a sigmaMin above the end of its schedule",
      preconditioned({ type: "vp", prediction: "eps", schedule: { type: "linear" }, sigmaMin: 1e4 }),
      "expected less than sigmaMax",
    ],
    ["a range that falls", changed((c) => Object.assign(c.image as object, { range: [1, -1] })), "two rising numbers"],
    ["a range of no width", changed((c) => Object.assign(c.image as object, { range: [1, 1] })), "two rising numbers"],
    ["a grid beyond 4096", built({ multiple: 8192 }), "card.json.architecture.multiple: expected"],
    ["a grid that the levels do not divide", built({ multiple: 12 }), "a multiple of shuffle·2^(levels - 1)"],
    ["fewer block counts than widths", built({ blocks: [1] }), "as many widths as block counts"],
    [
      "another number of channels than its pictures",
      built({ channels: 4 }),
      "expected 3, the channels of the pictures",
    ],
    [
      "a family that nothing was tuned for",
      changed((c) => Object.assign(c, { settings: "faces" })),
      "card.json.settings: expected",
    ],
    ...["../weights", "a/../../b", "/etc/passwd", "..", ".", "", "a//b", "C:\\b", "a\\..\\b", "a/"].map(
      (name): Case => [
        `the weights file ${JSON.stringify(name)}`,
        changed((c) => Object.assign(c.weights as object, { file: name })),
        "card.json.weights.file: expected",
      ],
    ),
    [
      "a hash that is none",
      changed((c) => Object.assign(c.weights as object, { sha256: "abc" })),
      "card.json.weights.sha256: expected",
    ],
  ])("refuses %s and names the field", (_, json, message) => {
    expect(() => parseCard(json, "card.json")).toThrow(message);
    expect(() => parseCard(json, "card.json")).toThrow(TweedieError);
  });
});
