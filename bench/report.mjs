// Writes the figures of a run into docs/performance.md, with its plot, and the limits into the README:
// node bench/report.mjs FILE, after npm run bench -- --json FILE. A run of everything does so by itself.
import { readFileSync, writeFileSync } from 'node:fs';
import { argv } from 'node:process';
import { fileURLToPath } from 'node:url';
import * as prettier from 'prettier';
import { rateChart } from './chart.mjs';
import { toMarkdown } from './figures.mjs';

const BEGIN = '<!-- figures: written by bench/report.mjs -->';
const END = '<!-- end of figures -->';
const PAGE = inRepository('docs/performance.md');
const README = inRepository('README.md');
const PLOT_LINK = '![Rows a second over a backfill](images/backfill-rate.svg)';
const PLOT = inRepository('docs/images/backfill-rate.svg');

/** @param {import('./figures.mjs').Report} report of a run of everything: the limits come first */
export async function writeReport(report) {
  const series = report.benchmarks.flatMap((benchmark) => benchmark.series ?? []);
  writeFileSync(PLOT, rateChart('Backfill into Harper', series));
  await fill(PAGE, `${PLOT_LINK}\n\n${toMarkdown(report)}`);
  await fill(README, toMarkdown({ ...report, benchmarks: report.benchmarks.slice(0, 1) }));
}

/**
 * @param {string} page a file with a place for figures
 * @param {string} figures
 */
async function fill(page, figures) {
  const text = readFileSync(page, 'utf8');
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`${page} has no place for figures between ${BEGIN} and ${END}`);
  const filled = `${text.slice(0, begin + BEGIN.length)}\n\n${figures}\n\n${text.slice(end)}`;
  const options = { ...(await prettier.resolveConfig(page)), filepath: page };
  writeFileSync(page, await prettier.format(filled, options));
}

/** @param {string} file */
function inRepository(file) {
  return fileURLToPath(new URL(`../${file}`, import.meta.url));
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  const [file] = argv.slice(2);
  if (!file) throw new Error('which figures? node bench/report.mjs FILE, after npm run bench -- --json FILE');
  await writeReport(JSON.parse(readFileSync(file, 'utf8')));
}
