import { TweedieError } from "../errors.ts";
import type { Lpips } from "../metrics/index.ts";
import { type Cell, CellStore } from "./cell.ts";
import { checkSelection, type Group, type Plan, type Row, type Selection, selectedCells } from "./plan.ts";
import { type BenchRequest, Session, type Todo } from "./session.ts";

export interface BenchOutcome {
  /** Every finished cell of the plan, in its order. */
  readonly cells: readonly Cell[];
  /** Cells of the plan that are not there yet. */
  readonly missing: number;
  /** How many of them this call computed. */
  readonly computed: number;
  readonly stopped: boolean;
}

/**
 * Computes the cells of a plan that are missing, one compiled program a row, and returns all there are.
 * @throws TweedieError `invalid-option` for a selection of unknown names, `not-writable`, `disk-full`
 */
export async function runBench(request: BenchRequest): Promise<BenchOutcome> {
  const { plan, selection = {}, signal } = request;
  checkSelection(plan, selection);
  const store = await CellStore.open(request.folder);
  if (request.fresh) await forget(plan, selection, store);
  const todo = await findMissing(plan, selection, store);
  const session = new Session(
    request,
    store,
    todo.reduce((sum, { cells }) => sum + cells.length, 0),
  );
  for (const [group, works] of grouped(todo)) {
    if (signal?.aborted) break;
    await session.runGroup(group, works).catch((error: unknown) => {
      // Compiling was interrupted: what is done stays done.
      if (!(signal?.aborted && error instanceof TweedieError && error.code === "aborted")) throw error;
    });
  }
  const cells = await collect(plan, store, request.lpips);
  const wanted = runnable(plan).reduce((sum, { row }) => sum + row.cells.length, 0);
  return { cells, missing: wanted - cells.length, computed: session.done, stopped: signal?.aborted ?? false };
}

function runnable(plan: Plan): { group: Group; row: Row }[] {
  return plan.groups.flatMap((group) =>
    group.rows.flatMap((row) => (row.method.kind === "none" ? [] : [{ group, row }])),
  );
}

async function forget(plan: Plan, selection: Selection, store: CellStore): Promise<void> {
  for (const { group, row } of runnable(plan))
    for (const { key } of selectedCells(group, row, selection)) await store.remove(key);
}

async function findMissing(plan: Plan, selection: Selection, store: CellStore): Promise<Todo[]> {
  const todo: Todo[] = [];
  for (const { group, row } of runnable(plan)) {
    const cells: Todo["cells"][number][] = [];
    for (const cell of selectedCells(group, row, selection)) if (!(await store.read(cell.key))) cells.push(cell);
    if (cells.length > 0) todo.push({ group, row, cells });
  }
  return todo;
}

function grouped(todo: readonly Todo[]): Map<Group, Todo[]> {
  const groups = new Map<Group, Todo[]>();
  for (const work of todo) groups.set(work.group, [...(groups.get(work.group) ?? []), work]);
  return groups;
}

/** The finished cells in the plan's order, with LPIPS where it is asked for and was not computed with these weights. */
async function collect(plan: Plan, store: CellStore, lpips: Lpips | undefined): Promise<Cell[]> {
  const cells: Cell[] = [];
  for (const { row } of runnable(plan))
    for (const { key, picture } of row.cells) {
      let cell = await store.read(key);
      if (!cell) continue;
      // Two entries of a bench file may mean the same settings: each is reported under its own label.
      cell = { ...cell, solver: row.solver.label };
      if (lpips && cell.failure === undefined && cell.lpips?.weights !== lpips.weights) {
        const result = await store.picture(key);
        if (result) {
          const value = await lpips.distance({ ...picture, data: result }, picture);
          cell = { ...cell, lpips: { value, weights: lpips.weights } };
          await store.write(cell);
        }
      }
      if (!lpips) delete cell.lpips;
      cells.push(cell);
    }
  return cells;
}
