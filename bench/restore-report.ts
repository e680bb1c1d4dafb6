/** One solver on one picture of one task. */
export interface Cell {
  readonly task: string;
  readonly picture: string;
  readonly solver: string;
  readonly psnr: number;
  readonly ssim: number;
  readonly forwards: number;
  readonly vjps: number;
  readonly seconds: number;
  /** ‖y − A(x)‖ / (σ_y √m). */
  readonly ratio: number;
}

const mean = (values: readonly number[]) => values.reduce((s, v) => s + v, 0) / values.length;

/** Means per task and solver, as a Markdown table. */
export function table(cells: readonly Cell[]): string {
  const rows = [
    "| task | solver | pictures | PSNR | SSIM | residual/σ√m | forwards | VJPs | seconds |",
    "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
  ];
  for (const task of new Set(cells.map((c) => c.task)))
    for (const solver of new Set(cells.filter((c) => c.task === task).map((c) => c.solver))) {
      const own = cells.filter((c) => c.task === task && c.solver === solver);
      const of = (key: "psnr" | "ssim" | "ratio" | "forwards" | "vjps" | "seconds") => mean(own.map((c) => c[key]));
      const cost =
        solver === "baseline"
          ? " | | | |"
          : ` ${of("ratio").toFixed(2)} | ${of("forwards")} | ${of("vjps")} | ${of("seconds").toFixed(1)} |`;
      rows.push(`| ${task} | ${solver} | ${own.length} | ${of("psnr").toFixed(2)} | ${of("ssim").toFixed(4)} |${cost}`);
    }
  return `${rows.join("\n")}\n`;
}
