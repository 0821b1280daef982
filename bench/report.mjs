// Writes the figures of a run into docs/performance.md, and its plot beside it: node bench/report.mjs FILE, after
// npm run bench -- --json FILE. A run of everything does so by itself.
import { readFileSync, writeFileSync } from 'node:fs';
import { argv } from 'node:process';
import { fileURLToPath } from 'node:url';
import * as prettier from 'prettier';
import { rateChart } from './chart.mjs';
import { toMarkdown } from './figures.mjs';

const BEGIN = '<!-- figures: written by bench/report.mjs -->';
const END = '<!-- end of figures -->';
const PAGE = fileURLToPath(new URL('../docs/performance.md', import.meta.url));
const PLOT_LINK = '![Rows a second over a backfill](images/backfill-rate.svg)';
const PLOT = fileURLToPath(new URL('../docs/images/backfill-rate.svg', import.meta.url));

/** @param {import('./figures.mjs').Report} report */
export async function writeReport(report) {
  const text = readFileSync(PAGE, 'utf8');
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`${PAGE} has no place for figures between ${BEGIN} and ${END}`);
  const series = report.benchmarks.flatMap((benchmark) => benchmark.series ?? []);
  const plot = series.length > 0 ? `${PLOT_LINK}\n\n` : '';
  if (plot) writeFileSync(PLOT, rateChart('Backfill into Harper', series));
  const filled = `${text.slice(0, begin + BEGIN.length)}\n\n${plot}${toMarkdown(report)}\n\n${text.slice(end)}`;
  const options = { ...(await prettier.resolveConfig(PAGE)), filepath: PAGE };
  writeFileSync(PAGE, await prettier.format(filled, options));
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  const [file] = argv.slice(2);
  if (!file) throw new Error('which figures? node bench/report.mjs FILE, after npm run bench -- --json FILE');
  await writeReport(JSON.parse(readFileSync(file, 'utf8')));
}
