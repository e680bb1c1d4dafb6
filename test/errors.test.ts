import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TweedieError } from "../src/errors.ts";

describe("TweedieError", () => {
  it("composes its message from what, expected and got", () => {
    const error = new TweedieError("size-mismatch", { what: "mask.png", expected: "64x48", got: "32x32" });
    expect(error.message).toBe("mask.png: expected 64x48, got 32x32");
    expect(error).toBeInstanceOf(Error);
    expect(error.name).toBe("TweedieError");
    expect(error.code).toBe("size-mismatch");
  });

  it("names the code in words when nothing names the thing", () => {
    expect(new TweedieError("disk-full").message).toBe("disk full");
    expect(new TweedieError("invalid-option", { got: "NaN" }).message).toBe("invalid option: got NaN");
    expect(new TweedieError("invalid-option", { what: "--noise", expected: "a number" }).message).toBe(
      "--noise: expected a number",
    );
  });

  it("keeps a message that was given, and the cause", () => {
    const cause = new Error("EIO");
    const error = new TweedieError("internal", { message: "as it is", expected: "a", got: "b", cause });
    expect(error.message).toBe("as it is");
    expect(error.cause).toBe(cause);
    expect("cause" in new TweedieError("internal")).toBe(false);
  });

  it("survives a trip through JSON", () => {
    const text = fc.option(fc.string(), { nil: undefined });
    fc.assert(
      fc.property(text, text, text, text, text, (message, what, expected, got, hint) => {
        const error = new TweedieError("invalid-model", { message, what, expected, got, hint });
        const back = TweedieError.fromJSON(JSON.parse(JSON.stringify(error)));
        expect(back.toJSON()).toEqual(error.toJSON());
        expect(back.message).toBe(error.message);
      }),
    );
  });
});
