/**
 * Checks the declarations in dist/types as a user sees them: every type that an exported declaration of an entry point names is
 * exported by one of the entry points, and nothing is imported from a package that users do not have.
 */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { type Node, SyntaxKind } from "typescript/unstable/ast";
import { API, SymbolFlags, type Symbol as TsSymbol } from "typescript/unstable/sync";

const root = resolve(import.meta.dirname, "..");
const { exports, dependencies } = JSON.parse(readFileSync(`${root}/package.json`, "utf8")) as {
  exports: Record<string, string | { types: string }>;
  dependencies: Record<string, string>;
};
const entries = Object.values(exports).flatMap((e) => (typeof e === "string" ? [] : [resolve(root, e.types)]));

const config = `${root}/dist/types/tsconfig.json`;
const compilerOptions = { module: "nodenext", target: "es2023", strict: true, skipLibCheck: true, noEmit: true };
writeFileSync(config, JSON.stringify({ compilerOptions: { ...compilerOptions, types: [] }, files: entries }));
const api = new API();
const missing = new Map<string, string>();
// Helpers that a name stands for: `OptionsOf` shows what it gives.
const hidden = new Set(["OptionsOf"]);
try {
  const project = api.updateSnapshot({ openProjects: [config] }).getProjects()[0];
  const { checker, program } = project;
  const target = (symbol: TsSymbol) =>
    symbol.flags & SymbolFlags.Alias ? (checker.getAliasedSymbol(symbol) ?? symbol) : symbol;
  const exported = new Map<number, TsSymbol>();
  for (const entry of entries) {
    const file = program.getSourceFile(entry);
    const module = file && checker.getSymbolAtLocation(file);
    if (!module) throw new Error(`${entry}: no module`);
    for (const symbol of checker.getExportsOfModule(module)) exported.set(target(symbol).id, target(symbol));
  }
  for (const symbol of exported.values())
    for (const handle of symbol.declarations) {
      const visit = (node: Node): void => {
        if (node.kind === SyntaxKind.Identifier) check(node, symbol);
        else node.forEachChild((child) => void visit(child));
      };
      const declaration = handle.resolve();
      if (declaration) visit(declaration);
    }
  function check(node: Node, owner: TsSymbol): void {
    const named = checker.getSymbolAtLocation(node);
    if (!named) return;
    const symbol = target(named);
    if (exported.has(symbol.id) || hidden.has(symbol.name)) return;
    const [place] = symbol.declarations;
    if (!place?.path.includes("/dist/types/")) return;
    const kinds = [SyntaxKind.InterfaceDeclaration, SyntaxKind.TypeAliasDeclaration, SyntaxKind.ClassDeclaration];
    if (kinds.includes(place.kind)) missing.set(symbol.name, owner.name);
  }
  for (const file of program.getSourceFileNames()) {
    if (!file.includes("/dist/types/")) continue;
    for (const [, from] of readFileSync(file, "utf8").matchAll(/\b(?:from |import\()"([^."][^"]*)"/g))
      if (!from.startsWith("node:") && !(from.split("/")[0] in dependencies)) missing.set(from, file);
  }
} finally {
  api.close();
  rmSync(config);
}
for (const [name, owner] of missing) console.log(`${owner} names ${name}, which no entry point exports`);
process.exitCode = missing.size > 0 ? 1 : 0;
