import { commit } from './storage/commit.js';
import { putNewest } from './storage/put-newest.js';

/**
 * The operators' last commands, in the replicated table `SyncControlState`. A restart finds them there.
 *
 * @typedef {'start' | 'stop' | 'validate'} Action
 * @typedef {{ action: Action, repair?: boolean }} Order `repair` goes with validate
 * @typedef {{ id: string, command: Action, repair?: boolean, commandedAt: string, commandedBy: string, version: number }} Command
 */

/** @type {Action[]} */
export const ACTIONS = ['start', 'stop', 'validate'];

/**
 * Ids of the records: validating changes nothing about whether the sync runs, and a validation that follows a repair closely does
 * not take its place.
 */
const SYNC = 'sync';
const VALIDATION = 'validation';
const REPAIR = 'repair';

/** Harper tells dates apart by less, but not by much less. */
const LEAST_LATER_MS = 0.01;

/** @returns {Promise<Command | undefined>} the last start or stop */
export const lastSyncCommand = () => read(SYNC);

/**
 * @param {Order} order
 * @param {string} nodeId of the worker that was asked
 * @returns {Promise<Command>}
 */
export async function giveCommand({ action, repair = false }, nodeId) {
  const versions = (await Promise.all([SYNC, VALIDATION, REPAIR].map(read))).map((command) => command?.version ?? 0);
  const validation = repair ? REPAIR : VALIDATION;
  const command = {
    id: action === 'validate' ? validation : SYNC,
    command: action,
    ...(repair && { repair }),
    commandedAt: new Date().toISOString(),
    commandedBy: nodeId,
    version: Math.max(...versions) + 1,
  };
  await putNewest(stateTable(), command);
  return command;
}

/**
 * Says the last start or stop once more, for workers that it has not reached: what is replicated to a Harper that is starting
 * just then may get lost. Dated with what it repeats, it takes the place of nothing that was commanded since.
 */
export async function repeatSyncCommand() {
  const stored = await stateTable().get(SYNC);
  if (!stored) return;
  const timestamp = stored.getUpdatedTime() + LEAST_LATER_MS;
  await commit({ timestamp }, (txn) => stateTable().put(stored.toJSON(), txn));
}

/**
 * Reports the commands that any worker of the cluster is given from now on, and the last start or stop at once.
 *
 * @param {object} handlers
 * @param {(command: Command) => void} handlers.onSync is told the newest start or stop, perhaps several times
 * @param {(command: Command) => void} handlers.onValidate
 * @param {(error: unknown) => void} handlers.onError a command could not be read; the next one is waited for
 * @returns {Promise<() => void>} ends it
 */
export async function followCommands({ onSync, onValidate, onError }) {
  /** Versions of the last ones that were reported. @type {Map<string, number>} */
  const validated = new Map();
  for (const id of [VALIDATION, REPAIR]) validated.set(id, (await read(id))?.version ?? 0);
  const subscription = await stateTable().subscribe({});
  /** @param {string} id */
  async function report(id) {
    // The table is the truth: events may come late and out of order.
    const command = await read(id);
    if (command && id === SYNC) onSync(command);
    if (command && command.version > (validated.get(id) ?? Infinity)) {
      validated.set(id, command.version);
      onValidate(command);
    }
  }

  void (async () => {
    for await (const { id } of subscription) await report(id).catch(onError);
  })();
  return () => subscription.end();
}

/** @param {string} id @returns {Promise<Command | undefined>} */
async function read(id) {
  const record = await stateTable().get(id);
  return record?.toJSON();
}

function stateTable() {
  return databases.bigquery_ingestor.SyncControlState;
}
