/**
 * Lines of aligned columns, two blanks apart. Rows may lack their last cells.
 * @param numbers so many columns after the first are set to the right
 */
export function alignColumns(rows: readonly (readonly string[])[], numbers = 0): string[] {
  const count = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: count }, (_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  const cell = (text: string, i: number) => (i > 0 && i <= numbers ? text.padStart(widths[i]) : text.padEnd(widths[i]));
  return rows.map((row) => row.map(cell).join("  ").trimEnd());
}
