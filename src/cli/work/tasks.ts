import "../../node/network-operator.ts"; // registers it
import { alignColumns } from "../../bench/columns.ts";
import { listOperators } from "../../operators/index.ts";
import { isPictureTask, listTasks } from "../../restore/index.ts";
import { listOptions } from "../expectation.ts";
import type { Described } from "../print.ts";

/** What can be given to `--task`, for people and as data. */
export function describeTasks(): Described {
  const operators = new Map(listOperators().map((operator) => [operator.name, operator]));
  const data = listTasks().map(({ name, summary, operator }) => {
    const { schema, task } = operators.get(operator) ?? {};
    const own = isPictureTask(name);
    const options = own ? ownOptions[name] : schema ? listOptions(schema).map(({ key }) => `--param ${key}=…`) : [];
    const measurement = own ? "picture" : (task?.measurement ?? "array");
    return { name, summary, options, measurement };
  });
  const rows = data.flatMap(({ name, summary, options, measurement }) => [
    [name, `${summary}${measurement === "array" ? " (measurements are .npy files)" : ""}`],
    ...(options.length > 0 ? [["", `  ${options.join(" ")}`]] : []),
  ]);
  return { data, text: alignColumns(rows).join("\n") };
}

const ownOptions = {
  inpaint: ["--mask", "--mask-seed"],
  "super-resolution": ["--scale", "--kernel"],
  deblur: ["--kernel", "--border"],
  denoise: [],
  colorize: [],
} as const;
