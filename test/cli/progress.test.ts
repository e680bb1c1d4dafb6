import { describe, expect, it } from "vitest";
import { describeProgress, digits, duration, StatusLine } from "../../src/cli/progress.ts";
import { Pace, type RestoreProgress } from "../../src/restore/progress.ts";

const progress: RestoreProgress = {
  sample: 1,
  samples: 1,
  tile: 1,
  tiles: 1,
  step: 12,
  steps: 50,
  sigma: 0.3125,
  residual: 14.21,
  expectedResidual: 12.9,
  fraction: 0.24,
  seconds: 2,
  secondsLeft: 6.4,
};

class Stream {
  text = "";
  readonly isTTY: boolean;
  readonly columns = 100;
  constructor(isTTY: boolean) {
    this.isTTY = isTTY;
  }
  write(text: string): void {
    this.text += text;
  }
}

describe("describeProgress", () => {
  it("names step, sigma, residual and the time left", () => {
    expect(describeProgress(progress)).toBe("step 12/50 · sigma 0.313 · residual 14.2 (noise alone 12.9) · 6.4 s left");
  });

  it("names sample and tile when there are several", () => {
    expect(describeProgress({ ...progress, samples: 3, sample: 2, tiles: 9, tile: 4 })).toMatch(
      /^sample 2\/3 · tile 4\/9 · step 12\/50/,
    );
  });

  it("leaves the residual out where nothing was measured", () => {
    const { residual: _, expectedResidual: __, ...bare } = progress;
    expect(describeProgress(bare)).toBe("step 12/50 · sigma 0.313 · 6.4 s left");
  });
});

describe("StatusLine", () => {
  it("redraws one line on a terminal, never wider than it, and clears it", () => {
    const stream = new Stream(true);
    const bar = new StatusLine(stream, { label: "restoring" });
    bar.update(describeProgress(progress), progress.fraction);
    bar.update(describeProgress({ ...progress, step: 13 }), 0.26);
    bar.clear();
    const lines = stream.text.split("\r\x1b[2K");
    expect(stream.text).not.toContain("\n");
    expect(lines.at(-1)).toBe("");
    expect(lines[1]).toContain("restoring █████░░░");
    expect(lines.every((line) => line.length < 100)).toBe(true);
  });

  it("writes a line now and then elsewhere, less often the longer it takes", () => {
    let now = 0;
    const stream = new Stream(false);
    const bar = new StatusLine(stream, { label: "restoring", clock: () => now });
    for (let step = 1; step <= 1000; step++) {
      now += 1;
      bar.update(describeProgress({ ...progress, step, steps: 1000, fraction: step / 1000 }), step / 1000);
    }
    bar.clear();
    const steps = stream.text
      .trimEnd()
      .split("\n")
      .map((line) => Number(/step (\d+)/.exec(line)?.[1]));
    expect(steps.slice(0, 3)).toEqual([5, 10, 15]);
    expect(steps.length).toBeLessThan(50);
    expect(steps.at(-1)).toBeGreaterThan(900);
  });
});

describe("Pace", () => {
  it("takes the pace from the first report on, so that start-up is not extrapolated", () => {
    let now = 0;
    const pace = new Pace(() => now);
    now = 10;
    expect(pace.at(0.1)).toEqual({ seconds: 10, secondsLeft: 90 });
    now = 11;
    expect(pace.at(0.2).secondsLeft).toBeCloseTo(8, 9);
    expect(pace.at(1).secondsLeft).toBe(0);
  });
});

describe("numbers for people", () => {
  it("gives three digits", () => {
    expect([0, 0.0001234, 0.05, 12.345, 99999, 1e-7].map(digits)).toEqual([
      "0",
      "0.000123",
      "0.05",
      "12.3",
      "99999",
      "1.0e-7",
    ]);
  });

  it("gives durations in the unit that fits", () => {
    expect([0.04, 8.44, 59.4, 125, 4200, Number.POSITIVE_INFINITY].map(duration)).toEqual([
      "0.0 s",
      "8.4 s",
      "59 s",
      "2 min 05 s",
      "1 h 10 min",
      "?",
    ]);
  });
});
