import { SyncService } from './sync-service.js';

export const suppressHandleApplicationWarning = true;

/** @type {SyncService | undefined} */
let running;

/**
 * Harper calls this once on every HTTP thread, and again after a reload. It has to return fast: the sync starts by itself.
 *
 * @param {HarperScope} scope
 */
export function handleApplication(scope) {
  const started = new SyncService(scope);
  running = started;
  scope.on('close', () => void started.close());
  scope.on('error', (error) => scope.logger.error?.(JSON.stringify({ event: 'scope', message: String(error) })));
  void started.start();
}

/** The sync of this thread. */
export function service() {
  if (!running) throw Object.assign(new Error('The plugin is still starting'), { statusCode: 503 });
  return running;
}
