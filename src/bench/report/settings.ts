import type { BenchResults, SolverSettings } from "../results.ts";
import { columns } from "../text.ts";
import { escapeHtml } from "./html.ts";

/** Everything that the numbers depend on. */
export function settingsSection(results: BenchResults): string {
  const { priors, images, tasks, solvers, machine, versions, seed, solverSeed, lpips } = results;
  const item = (title: string, text: string) => `<li><b>${escapeHtml(title)}</b>: ${escapeHtml(text)}</li>`;
  const facts = [
    ...priors.map(({ name, description, sha256 }) => item(`prior ${name}`, `${description} (sha256 ${sha256})`)),
    ...images.map(({ name, pictures }) => item(`pictures ${name}`, pictures.join(", "))),
    item("seeds", `${seed} for the noise of the measurements, ${solverSeed} for the solvers`),
    item(
      "machine",
      `${machine.cpu}, ${machine.cores} cores, ${(machine.memory / 2 ** 30).toFixed(0)} GB, ${machine.threads} threads used`,
    ),
    item(
      "versions",
      Object.entries(versions)
        .map(([name, version]) => `${name} ${version}`)
        .join(", "),
    ),
    lpips ? item("LPIPS", `${lpips.net}, backbone weights sha256 ${lpips.weights}`) : "",
  ];
  const rows = tasks.map(
    ({ name, operator, noise }) =>
      `<tr><td>${escapeHtml(name)}</td><td>${escapeHtml(noise)}</td><td class="note"><code>${escapeHtml(JSON.stringify(operator))}</code></td></tr>`,
  );
  const legend = columns.map(({ title, about }) => item(title, about));
  return [
    '<h2 id="settings">Settings</h2>',
    `<ul>${facts.join("")}</ul>`,
    `<div class="scroll"><table><tr><th>task</th><th>noise</th><th style="text-align:left">operator</th></tr>${rows.join("")}</table></div>`,
    "<h3>Solvers and their options</h3>",
    ...solvers.map(solverDetails),
    "<h3>What the columns mean</h3>",
    `<ul>${legend.join("")}</ul>`,
    '<p class="faint">Every solver sees the same measurement, the same noise and the same prior. Pictures are compared ' +
      "on the [-1, 1] scale (data range 2), clipped to it and not rounded. The small figures are standard errors over the pictures.</p>",
  ].join("\n");
}

function solverDetails({ label, solver, from, reference, options }: SolverSettings): string {
  const head = `${label}: ${solver}, ${from}${reference ? ` (${reference})` : ""}`;
  if (options.length === 0)
    return `<p>${escapeHtml(label)}: ${solver === "classical" ? "the operator's own estimate" : "no task"}</p>`;
  const blocks = options.map(({ task, options: own }) => `${task}: ${JSON.stringify(own)}`);
  return `<details><summary>${escapeHtml(head)}</summary><pre>${escapeHtml(blocks.join("\n"))}</pre></details>`;
}
