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

describe("parseCard", () => {
  test("reads what the training recipe exports", () => {
    const card = parseCard(text, "card.json");
    expect(card.architecture).toMatchObject({ type: "shuffle-unet", widths: [8, 12, 16], multiple: 8 });
  });

  test.each([
    ["no JSON", "nonsense", "card.json: expected a model card in JSON"],
    ["a list", "[]", "card.json: not a model card"],
    ["no name", changed((c) => delete c.name), "card.json (name)"],
    [
      "an unknown architecture",
      changed((c) => Object.assign(c, { architecture: { type: "gan" } })),
      "(architecture.type)",
    ],
    ["a misspelt field", changed((c) => Object.assign(c, { lisence: "MIT" })), "lisence"],
    [
      "a negative sigma",
      changed((c) => Object.assign(c.preconditioning as object, { sigmaMin: -1 })),
      "(preconditioning.sigmaMin)",
    ],
    ["a hash that is none", changed((c) => Object.assign(c.weights as object, { sha256: "abc" })), "(weights.sha256)"],
  ])("refuses %s and names the field", (_, json, message) => {
    expect(() => parseCard(json, "card.json")).toThrow(message);
    expect(() => parseCard(json, "card.json")).toThrow(TweedieError);
  });
});
