import type { NoiseModel } from "../operators/index.ts";

/** "0.05", "25/255", "gaussian:0.05", "poisson:1", "salt-pepper:0.02"; a number is a Gaussian's standard deviation. */
export function parseNoise(text: string): number | NoiseModel | undefined {
  const [kind, rest] = text.trim().split(/:(.*)/s);
  if (rest === undefined) return fraction(kind);
  if (kind === "poisson") {
    const rate = /^\d*\.?\d+(e-?\d+)?$/i.test(rest) ? Number(rest) : 0;
    return rate > 0 && rate <= 1e6 ? { kind, rate } : undefined;
  }
  const value = fraction(rest);
  if (value === undefined) return undefined;
  if (kind === "gaussian") return value;
  return kind === "salt-pepper" ? { kind, fraction: value } : undefined;
}

/** A number from 0 to 1, or a quotient that is one. */
function fraction(text: string): number | undefined {
  const match = /^(\d*\.?\d+(?:e-?\d+)?)(?:\/(\d*\.?\d+))?$/i.exec(text);
  if (!match) return undefined;
  const value = Number(match[1]) / Number(match[2] ?? 1);
  return value >= 0 && value <= 1 ? value : undefined;
}
