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

echo "== its types"
cat > types.mts <<'CODE'
import { loadPrior, type Restoration, restore, type RestoreRequest, TweedieError } from "tweedie";

export async function all(request: Omit<RestoreRequest, "prior">): Promise<Restoration | string> {
  try {
    return await restore({ ...request, prior: await loadPrior("natural") });
  } catch (error) {
    if (error instanceof TweedieError) return `${error.code}: ${error.expected ?? ""}`;
    throw error;
  }
}
// @ts-expect-error a task has a name
export const wrong: RestoreRequest["task"] = { scale: 4 };
CODE
"$root/node_modules/.bin/tsc" --noEmit --strict --skipLibCheck --target es2022 --module nodenext types.mts

echo "the packed package works"
