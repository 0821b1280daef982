// Writes the figures of `npm run bench -- --json FILE` into docs/performance.md: node bench/report.mjs FILE
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as prettier from 'prettier';
import { toMarkdown } from './figures.mjs';

const BEGIN = '<!-- figures: written by bench/report.mjs -->';
const END = '<!-- end of figures -->';

const [file] = process.argv.slice(2);
if (!file) throw new Error('which figures? node bench/report.mjs FILE, after npm run bench -- --json FILE');
const page = fileURLToPath(new URL('../docs/performance.md', import.meta.url));
const text = readFileSync(page, 'utf8');
const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
if (begin < 0 || end < begin) throw new Error(`${page} has no place for figures between ${BEGIN} and ${END}`);
const figures = toMarkdown(JSON.parse(readFileSync(file, 'utf8')));
const filled = `${text.slice(0, begin + BEGIN.length)}\n\n${figures}\n\n${text.slice(end)}`;
writeFileSync(page, await prettier.format(filled, { ...(await prettier.resolveConfig(page)), filepath: page }));
