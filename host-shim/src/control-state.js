import { putNewest } from './storage/put-newest.js';

/**
 * The operators' last commands, in the replicated table `SyncControlState`. A restart finds them there.
 *
 * @typedef {'start' | 'stop' | 'validate'} Action
 * @typedef {{ id: string, command: Action, commandedAt: string, commandedBy: string, version: number }} Command
 */

/** @type {Action[]} */
export const ACTIONS = ['start', 'stop', 'validate'];

/** Ids of the two records: validating changes nothing about whether the sync runs. */
const SYNC = 'sync';
const VALIDATION = 'validation';

/** @returns {Promise<Command | undefined>} the last start or stop */
export const lastSyncCommand = () => read(SYNC);

/**
 * @param {Action} action
 * @param {string} nodeId of the worker that was asked
 * @returns {Promise<Command>}
 */
export async function giveCommand(action, nodeId) {
  const versions = (await Promise.all([read(SYNC), read(VALIDATION)])).map((command) => command?.version ?? 0);
  const command = {
    id: action === 'validate' ? VALIDATION : SYNC,
    command: action,
    commandedAt: new Date().toISOString(),
    commandedBy: nodeId,
    version: Math.max(...versions) + 1,
  };
  await putNewest(tables.SyncControlState, command);
  return command;
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
  let validated = (await read(VALIDATION))?.version ?? 0;
  const subscription = await tables.SyncControlState.subscribe({});
  /** @param {string} id */
  async function report(id) {
    // The table is the truth: events may come late and out of order.
    const command = await read(id);
    if (command && id === SYNC) onSync(command);
    if (command && id === VALIDATION && command.version > validated) {
      validated = command.version;
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
  const record = await tables.SyncControlState.get(id);
  return record?.toJSON();
}
