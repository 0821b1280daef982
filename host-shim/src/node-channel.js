/**
 * Connects the Harper threads of one process: every thread can be asked for the status and serves the target tables, while
 * only some run an engine.
 *
 * @typedef {object} WorkerReport how the engine of one thread is doing
 * @property {string} nodeId
 * @property {boolean} running
 * @property {boolean} autoStart what holds as long as nobody said start or stop
 * @property {{ id: string, source: string, targetTable: string }[]} planned
 * @property {any[]} tables as in the engine's status
 * @property {object | null} validation the one under way
 * @property {import('./heartbeats.js').Worker[]} cluster
 * @property {import('./settings.js').ConfigError[]} errors
 * @property {string} errorsSince when the settings were read that have the errors
 * @property {import('./engine-host.js').EngineFailure} [failure]
 */
export class NodeChannel {
  /** Latest report of each thread with an engine. @type {Map<string, WorkerReport>} */
  #reports = new Map();
  #channel = new BroadcastChannel('@harperdb/bigquery-ingestor');
  /** @type {WorkerReport | undefined} */
  #own;
  /** Columns of the tables that this thread announced. @type {Map<string, import('./target-table.js').Column[]>} */
  #tables = new Map();

  /** @param {(name: string, columns: import('./target-table.js').Column[]) => void} onTable another thread ensured a table */
  constructor(onTable) {
    this.#channel.onmessage = ({ data }) => {
      if (data.report) this.#reports.set(data.report.nodeId, data.report);
      if (data.ended) this.#reports.delete(data.ended);
      if (data.table) onTable(data.table, data.columns);
      if (data.anybody) this.#repeat();
    };
    unref(this.#channel);
    this.#channel.postMessage({ anybody: true });
  }

  /** @param {WorkerReport} report */
  report(report) {
    this.#own = report;
    this.#reports.set(report.nodeId, report);
    this.#channel.postMessage({ report });
  }

  /**
   * @param {string} nodeId
   * @returns {WorkerReport | undefined} the report of this worker, or of the first with an engine when it has none
   */
  reportFor(nodeId) {
    const [first] = [...this.#reports.values()].sort((a, b) => a.nodeId.localeCompare(b.nodeId));
    return this.#reports.get(nodeId) ?? first;
  }

  /** @param {string} name @param {import('./target-table.js').Column[]} columns */
  announceTable(name, columns) {
    this.#tables.set(name, columns);
    this.#channel.postMessage({ table: name, columns });
  }

  /** Says everything again, for a thread that has just started. */
  #repeat() {
    for (const [name, columns] of this.#tables) this.announceTable(name, columns);
    if (this.#own) this.report(this.#own);
  }

  /** Takes back what this thread reported: it runs no engine any more. */
  withdraw() {
    if (!this.#own) return;
    this.#reports.delete(this.#own.nodeId);
    this.#channel.postMessage({ ended: this.#own.nodeId });
    this.#own = undefined;
  }

  close() {
    this.withdraw();
    this.#channel.close();
  }
}

/** An open channel does not keep the process alive. @param {any} channel */
function unref(channel) {
  channel.unref();
}
