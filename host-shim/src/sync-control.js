import { ACTIONS } from './control-state.js';
import { service } from './plugin.js';

/**
 * `/SyncControl`: how the sync stands, and start, stop and validate for the whole cluster. A resource without `allow` methods
 * is for super users only: Harper answers 401 to anonymous callers and 403 to others.
 */
export class SyncControl extends Resource {
  get() {
    return service().status();
  }

  /** @param {{ action?: unknown }} request */
  async post(request) {
    const action = ACTIONS.find((known) => known === request?.action);
    if (!action) {
      const message = `action: found ${JSON.stringify(request?.action) ?? 'nothing'}, expected one of ${ACTIONS.join(', ')}`;
      throw Object.assign(new Error(message), { statusCode: 400 });
    }
    const { id, ...command } = await service().giveCommand(action);
    return { accepted: true, ...command };
  }
}
