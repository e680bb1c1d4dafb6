#!/usr/bin/env bash
# Packs the package, installs it in an empty folder as a user would, and uses the command and the library from there.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cd "$root"
npm run build
npm pack --silent --pack-destination "$folder"
mkdir "$folder/user"
cd "$folder/user"
npm init --yes >/dev/null
npm install --ignore-scripts --no-audit --no-fund "$folder"/tweedie-*.tgz
examples=node_modules/tweedie/examples

echo "== the command"
npx --no-install tweedie --version
npx --no-install tweedie models check
npx --no-install tweedie restore "$examples/noisy.png" --task denoise --reference "$examples/photo.png" -o clean.png
npx --no-install tweedie restore "$examples/small.png" --task super-resolution --scale 2 --preset fast --steps 2 -o large.png
npx --no-install tweedie replay clean.json
[ -s clean.png ] && [ -s large.png ]

echo "== what the README shows of the library"
cp "$examples/noisy.png" noisy.png
rm clean.png
awk '/^```js$/ { inside = 1; next } /^```$/ { inside = 0 } inside' node_modules/tweedie/README.md > readme.mjs
node readme.mjs
[ -s clean.png ]

echo "== its subpaths, from a module and from CommonJS"
cat > subpaths.mjs <<'CODE'
import assert from "node:assert/strict";
import * as bench from "tweedie/bench";
import * as core from "tweedie/core";
import * as laws from "tweedie/laws";
import manifest from "tweedie/package.json" with { type: "json" };
import { evaluate, gradient, input } from "tweedie/tensor";
import { addOp, apply } from "tweedie/tensor/ops";
import * as tweedie from "tweedie";

assert.equal(tweedie.TweedieError, core.TweedieError); // one library, however it is imported
assert.ok(tweedie.listOperators().some(({ name }) => name === "jpeg"));
assert.ok(bench.planBench && bench.calibrate && manifest.version);
const x = input([2]);
const [g] = gradient(apply(addOp, [x, x], undefined).square().sum(), [x]);
assert.deepEqual([...evaluate([g], new Map([[x, [1, 2]]]))[0].data], [8, 16]);
const operator = core.createOperator({ name: "super-resolution", scale: 2 }, { domain: [1, 1, 8, 8] });
assert.ok(laws.checkOperator(operator).passed);
CODE
node subpaths.mjs
cat > common.cjs <<'CODE'
const assert = require("node:assert/strict");
const { TweedieError, readImage } = require("tweedie");
assert.equal(require("tweedie/core").TweedieError, TweedieError);
readImage("no-such.png").then(assert.fail, (error) => assert.equal(error.code, "missing-file"));
CODE
node common.cjs
cp "$examples/own-solver.mjs" . && node own-solver.mjs "$examples/noisy.png" own.png
[ -s own.png ]

echo "== what a bundler for browsers takes of the core"
echo 'import { listOperators } from "tweedie/core"; console.log(listOperators().length);' > browser.mjs
"$root/node_modules/.bin/esbuild" browser.mjs --bundle --format=esm --platform=browser --log-level=error --outfile=bundle.mjs
[ "$(node bundle.mjs)" = "$(node browser.mjs)" ]

echo "== its types"
cat > types.mts <<'CODE'
import { loadPrior, type Restoration, restore, type RestoreRequest, TweedieError } from "tweedie";
import type { BenchSpec } from "tweedie/bench";
import type { Solver } from "tweedie/core";
import type { CheckReport } from "tweedie/laws";
import { gradient, type Tensor } from "tweedie/tensor";
import type { Op } from "tweedie/tensor/ops";

export async function all(request: Omit<RestoreRequest, "prior">): Promise<Restoration | string> {
  try {
    return await restore({ ...request, prior: await loadPrior("natural") });
  } catch (error) {
    if (error instanceof TweedieError) return `${error.code}: ${error.expected ?? ""}`;
    throw error;
  }
}
export type All = [BenchSpec, Solver, CheckReport, Op];
export const slope = (f: (x: Tensor) => Tensor, x: Tensor): Tensor => gradient(f(x).sum(), [x])[0];
// @ts-expect-error no solver of this name
export const misspelt: RestoreRequest = { solver: "dpss" };
// @ts-expect-error a task has a name
export const wrong: RestoreRequest["task"] = { scale: 4 };
CODE
check="$root/node_modules/.bin/tsc --noEmit --strict --target es2023 --types node --typeRoots $root/node_modules/@types"
$check --skipLibCheck false --module nodenext types.mts
$check --skipLibCheck --module esnext --moduleResolution bundler types.mts
for map in node_modules/tweedie/dist/types/index.d.ts.map; do
  source=$(node -p "path.join('node_modules/tweedie/dist/types', JSON.parse(fs.readFileSync('$map')).sources[0])")
  [ -f "$source" ] # an editor's "go to definition" ends in the source
done

echo "the packed package works"
