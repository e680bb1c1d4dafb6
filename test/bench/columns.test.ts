import { expect, it } from "vitest";
import { alignColumns } from "../../src/bench/columns.ts";

it("aligns names to the left, numbers to the right, and lets rows end early", () => {
  const rows = [
    ["solver", "PSNR", "s"],
    ["dps", "7.5", "10", "a note"],
    ["red-diff", "30.25", "–"],
  ];
  expect(alignColumns(rows, 2)).toEqual([
    "solver     PSNR   s", //
    "dps         7.5  10  a note",
    "red-diff  30.25   –",
  ]);
  expect(alignColumns(rows.slice(0, 2))).toEqual(["solver  PSNR  s", "dps     7.5   10  a note"]);
  expect(alignColumns([])).toEqual([]);
});
