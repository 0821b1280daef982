/**
 * Columns side by side. Text stands at the left of its column, numbers at the right.
 *
 * @param {string[][]} lines the first one is the head
 * @param {number} firstNumber the first column of numbers
 * @param {number} [endOfNumbers] the first one behind them
 */
export function textTable(lines, firstNumber, endOfNumbers = Infinity) {
  const columns = lines[0]?.map((_, column) => column) ?? [];
  const widths = columns.map((column) => Math.max(...lines.map((line) => (line[column] ?? '').length)));
  const shown = lines.map((line) =>
    columns
      .map((column) => {
        const [cell, width] = [line[column] ?? '', widths[column] ?? 0];
        return column >= firstNumber && column < endOfNumbers ? cell.padStart(width) : cell.padEnd(width);
      })
      .join('  ')
      .trimEnd(),
  );
  const [head = '', ...rest] = shown;
  return [head, columns.map((column) => '-'.repeat(widths[column] ?? 0)).join('  '), ...rest].join('\n');
}
