#!/usr/bin/env node
import { run } from "./program.ts";
import { SteadyStream } from "./terminal.ts";

const [out, err] = [new SteadyStream(process.stdout), new SteadyStream(process.stderr)];
process.exitCode = await run(process.argv.slice(2), { out, err });
// A stream says that it has failed only later.
process.once("exit", () => {
  if (process.exitCode === 0 && out.lost) process.exitCode = 1;
});
