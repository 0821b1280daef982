// Figures of benchmarks and how they are shown.

/**
 * @typedef {object} Figure
 * @property {string} name
 * @property {string} unit
 * @property {number[]} values one a round
 * @property {{ atLeast: number } | { atMost: number }} [goal]
 *
 * @typedef {object} Series rows that were stored by then
 * @property {string} name
 * @property {[ms: number, rows: number][]} points
 *
 * @typedef {object} Benchmark
 * @property {string} title
 * @property {Figure[]} figures
 * @property {{ columns: string[], lines: string[][] }} [table] what no figure tells
 * @property {Series[]} [series] for a plot
 *
 * @typedef {object} Report
 * @property {Record<string, string>} setting where and with what it was measured
 * @property {Benchmark[]} benchmarks
 */

/** @param {number[]} values */
export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return (sorted[Math.floor(middle)] + sorted[Math.ceil(middle) - 1]) / 2;
}

/** @param {Report} report @returns {string} Markdown */
export function toMarkdown({ setting, benchmarks }) {
  const settings = Object.entries(setting).map(([name, value]) => `${name} ${value}`);
  return [`${settings.join(', ')}.`, ...benchmarks.map(shown)].join('\n\n');
}

/** @param {Benchmark} benchmark */
function shown({ title, figures, table }) {
  const parts = [`${title}:`, tableOf(figures)];
  if (table)
    parts.push(
      markdownTable([table.columns, table.columns.map((_, column) => (column ? '---:' : '---')), ...table.lines]),
    );
  return parts.join('\n\n');
}

/** @param {Figure[]} figures */
function tableOf(figures) {
  // Not every system tells everything.
  const measured = figures.filter(({ values }) => values.every(Number.isFinite));
  const rows = measured.map(({ name, unit, values, goal }) => [
    name,
    `${rounded(median(values))} ${unit}`.trim(),
    values.length > 1 ? `${rounded(Math.min(...values))} - ${rounded(Math.max(...values))}` : '',
    goal ? shownGoal(values, goal) : '',
  ]);
  return markdownTable([['', 'median', 'lowest - highest', 'goal'], ['---', '---:', '---:', '---'], ...rows]);
}

/** @param {string[][]} lines */
function markdownTable(lines) {
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/**
 * A limit holds for every round, a rate for the median.
 *
 * @param {number[]} values
 * @param {{ atLeast: number } | { atMost: number }} goal
 */
function shownGoal(values, goal) {
  const isMet = 'atLeast' in goal ? median(values) >= goal.atLeast : Math.max(...values) <= goal.atMost;
  const text = 'atLeast' in goal ? `at least ${goal.atLeast}` : `at most ${goal.atMost}`;
  return `${text}: ${isMet ? 'met' : 'missed'}`;
}

/** To three digits, but whole numbers in full. @param {number} value */
function rounded(value) {
  const digits = Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3));
  return digits.toLocaleString('en');
}
