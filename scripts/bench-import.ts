/**
 * What it costs to import the built package and to ask the command line for help: the minimum of N fresh processes.
 *   npm run bench:import [-- N]
 */
import { spawnSync } from "node:child_process";
import { resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");
const runs = Number(process.argv[2] ?? 10);

function measured(code: string): { ms: number; cpu: number; mb: number } {
  const script = `const r = process.memoryUsage().rss, c = process.cpuUsage(), t = performance.now(); ${code};
    const ms = performance.now() - t, { user, system } = process.cpuUsage(c);
    console.log(JSON.stringify({ ms, cpu: (user + system) / 1e3, mb: (process.memoryUsage().rss - r) / 1e6 }))`;
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script], { cwd: root });
  if (stdout.length === 0) throw new Error(stderr.toString());
  return JSON.parse(stdout.toString());
}

function row(name: string, code: string): void {
  const all = Array.from({ length: runs }, () => measured(code));
  const least = (key: "ms" | "cpu" | "mb") => Math.min(...all.map((m) => m[key])).toFixed(0);
  console.log(`${name.padEnd(32)} ${least("ms").padStart(6)} ${least("cpu").padStart(8)} ${least("mb").padStart(6)}`);
}

function wall(args: readonly string[]): number {
  const begin = performance.now();
  spawnSync(process.execPath, [...args], { cwd: root });
  return performance.now() - begin;
}

console.log(`minimum of ${runs} processes           ms   CPU ms     MB`);
for (const entry of ["tweedie", "tweedie/core", "tweedie/bench", "tweedie/laws", "tweedie/tensor"])
  row(entry, `await import("${entry}")`);
console.log("of which, and what is loaded on demand");
for (const name of ["zod", "sharp", "jiti", "onnxruntime-node"]) row(`  ${name}`, `await import("${name}")`);
for (const [name, args] of [
  ["tweedie --help", ["dist/cli/main.js", "--help"]],
  ["node itself", ["-e", "0"]],
] as const)
  console.log(
    `${name.padEnd(32)} ${Math.min(...Array.from({ length: runs }, () => wall(args)))
      .toFixed(0)
      .padStart(6)}`,
  );
