import { SingleBar } from 'cli-progress';

/** Without a terminal, how often progress is told. */
const PLAIN_INTERVAL_MS = 5000;

/** @param {number} value */
const grouped = (value) => Math.round(value).toLocaleString('en-US');

/** @param {Record<string, number>} rows */
const listed = (rows) =>
  Object.entries(rows)
    .map(([table, count]) => `${table} ${grouped(count)}`)
    .join(', ');

/**
 * Shows what happens: text with a progress bar on a terminal, plain lines elsewhere, JSON when asked for.
 */
export class Display {
  #stream;
  #json;
  /** @type {SingleBar | undefined} */
  #bar;
  #begunMs = performance.now();
  #toldMs = 0;

  /** @param {NodeJS.WriteStream} stream @param {{ json: boolean }} options */
  constructor(stream, { json }) {
    this.#stream = stream;
    this.#json = json;
  }

  /** @param {any} event see `report` in wit/synthesizer.wit */
  show(event) {
    if (this.#json) this.#line(JSON.stringify(event));
    else if (event.event === 'progress') this.#progress(event);
    else this.#line(words(event));
  }

  /** Leaves the progress bar as it is, so that something else can be written below. */
  endProgress() {
    this.#bar?.stop();
    this.#bar = undefined;
    this.#begunMs = performance.now();
  }

  /** @param {string} text */
  #line(text) {
    this.endProgress();
    this.#stream.write(`${text}\n`);
  }

  /** @param {{ table: string, rowsDone: number, rowsTotal: number }} event */
  #progress({ table, rowsDone, rowsTotal }) {
    const rate = grouped(rowsDone / ((performance.now() - this.#begunMs) / 1000));
    if (this.#stream.isTTY) {
      this.#bar ??= this.#startBar(rowsTotal);
      this.#bar.setTotal(rowsTotal);
      this.#bar.update(rowsDone, { table, rate });
    } else if (performance.now() - this.#toldMs > PLAIN_INTERVAL_MS) {
      this.#toldMs = performance.now();
      const percent = Math.floor((100 * rowsDone) / rowsTotal);
      this.#stream.write(
        `${table}: ${grouped(rowsDone)} of ${grouped(rowsTotal)} rows (${percent} %), ${rate} rows/s\n`,
      );
    }
  }

  /** @param {number} rowsTotal */
  #startBar(rowsTotal) {
    const bar = new SingleBar({
      stream: this.#stream,
      format: '{bar} {percentage} %  {value} / {total} rows  {rate} rows/s  ETA {eta_formatted}  {table}',
      formatValue: (value, _options, type) => (type === 'value' || type === 'total' ? grouped(value) : String(value)),
      barCompleteChar: '█',
      barIncompleteChar: '░',
      barsize: 24,
      hideCursor: true,
      gracefulExit: false,
    });
    bar.start(rowsTotal, 0, { table: '', rate: '-' });
    return bar;
  }
}

/** @param {any} event @returns {string} */
function words(event) {
  switch (event.event) {
    case 'plan':
      return `${event.dataset} in ${event.location}: ${event.tables.join(', ')}`;
    case 'created':
      return `Created ${event.what}`;
    case 'emitted':
      return `${event.until}  ${listed(event.rows)}`;
    case 'cleaned':
      return `Deleted what was before ${event.before}`;
    case 'waiting':
      return `Trying again in ${(event.afterMs / 1000).toFixed(1)} s: ${event.message}`;
    default:
      return outcome(event);
  }
}

/** @param {any} event @returns {string} */
function outcome({ command, dryRun, from, until, loaded, tables }) {
  switch (command) {
    case 'initialize':
    case 'start':
      return `${dryRun ? 'Would load' : 'Loaded'} for ${from} to ${until}: ${listed(loaded)}`;
    case 'stats':
      return tables.map(described).join('\n');
    default: {
      if (tables.length === 0) return 'There is nothing to delete.';
      const [done, would] = command === 'clear' ? ['Emptied', 'Would empty'] : ['Deleted', 'Would delete'];
      const counts = Object.fromEntries(tables.map((/** @type {any} */ { table, rows }) => [table, rows ?? 0]));
      return `${dryRun ? would : done} (rows): ${listed(counts)}`;
    }
  }
}

/** @param {{ table: string, rows: number | null, bytes: number | null, oldest: string | null, newest: string | null }} stats */
function described({ table, rows, bytes, oldest, newest }) {
  if (rows === null) return `${table.padEnd(18)} is not there`;
  const size = bytes ? `, ${(bytes / 1e6).toFixed(1)} MB` : '';
  const range = oldest ? `, ${oldest} to ${newest}` : '';
  return `${table.padEnd(18)} ${grouped(rows)} rows${size}${range}`;
}
